//! The writers against real servers.

mod common;
mod elasticsearch;
mod hdfs;
mod kafka;
mod kerberos;
mod solr;
