//! The options of `maas_service`.

use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};

/// Upstream's options in upstream's order, then our own.
pub const OPTIONS: PosixOptions = PosixOptions::new(
    "MaaSClient",
    &[
        OptionSpec::flag(
            "c",
            "create",
            "Flag to indicate whether to create the domain specified with -domain.",
        ),
        OptionSpec::value(
            "d",
            "domain",
            "ID of the timeline domain where the timeline entities will be put",
        ),
        OptionSpec::value(
            "e",
            "shell_env",
            "Environment for shell script. Specified as env_key=env_val pairs",
        ),
        OptionSpec::flag("h", "help", "This screen"),
        OptionSpec::value("j", "jar", "Jar file containing the application master"),
        OptionSpec::value("l", "log4j", "The log4j properties file to load"),
        OptionSpec::value(
            "ma",
            "modify_acls",
            "Users and groups that allowed to modify the timeline entities in the given domain",
        ),
        OptionSpec::value(
            "mc",
            "master_vcores",
            "Amount of virtual cores to be requested to run the application master",
        ),
        OptionSpec::value(
            "mm",
            "master_memory",
            "Amount of memory in MB to be requested to run the application master",
        ),
        OptionSpec::value(
            "nle",
            "node_label_expression",
            "Node label expression to determine the nodes where all the containers of this application will be allocated, \"\" means containers can be allocated anywhere, if you don't specify the option, default node_label_expression of queue will be used.",
        ),
        OptionSpec::value(
            "q",
            "queue",
            "RM Queue in which this application is to be submitted",
        ),
        OptionSpec::value("t", "timeout", "Application timeout in milliseconds"),
        OptionSpec::value(
            "va",
            "view_acls",
            "Users and groups that allowed to view the timeline entities in the given domain",
        ),
        OptionSpec::value("zq", "zk_quorum", "Zookeeper Quorum").required(),
        OptionSpec::value("zr", "zk_root", "Zookeeper Root"),
        OptionSpec::value(
            "",
            "launcher",
            "Where models run: yarn (the default where HADOOP_CONF_DIR has a yarn-site.xml) or local (as processes of this machine)",
        ),
        OptionSpec::flag(
            "",
            "foreground",
            "Stay until the application ends; Ctrl-C ends it (yarn launcher)",
        ),
        OptionSpec::flag(
            "",
            "persistent",
            "Register endpoints as persistent nodes, as upstream does; by default they are ephemeral and go with their model",
        ),
        OptionSpec::value(
            "",
            "keytab",
            "Keytab with which the master and its models log in, so that they outlive tokens (yarn launcher with Kerberos)",
        ),
        OptionSpec::value(
            "",
            "payload-root",
            "Directory below which payloads are looked up (local launcher; default ~/.alidade/models)",
        ),
        OptionSpec::value(
            "",
            "work-dir",
            "Directory for working directories and logs of models (local launcher; default ~/.alidade/maas)",
        ),
        OptionSpec::value(
            "",
            "advertise-host",
            "Host name that clients are told (local launcher; default this machine's name)",
        ),
        OptionSpec::value(
            "",
            "start-limit",
            "Seconds a model may take until it answers (default 600)",
        ),
    ],
);
