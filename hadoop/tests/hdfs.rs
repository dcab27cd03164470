//! Against a real NameNode.

use alidade_hadoop::{HadoopConf, Login, NameNode, RpcOptions, ServerAddress};
use alidade_testkit::Hdfs;

#[tokio::test(flavor = "multi_thread")]
async fn without_security_there_are_no_tokens() {
    let hdfs = Hdfs::start().unwrap();
    let conf = HadoopConf::read(&hdfs.conf_dir()).unwrap();
    let uri = conf.get("fs.defaultFS").unwrap().unwrap();
    assert_eq!(uri, hdfs.uri());
    let address = uri.strip_prefix("hdfs://").unwrap();
    let address = ServerAddress::parse(address, None).unwrap();
    let login = Login::from_conf(&conf, "dfs.namenode.kerberos.principal").unwrap();
    let options = RpcOptions::from_conf(&conf).unwrap();
    let name_node = NameNode::connect(vec![address], login, options).unwrap();
    assert_eq!(name_node.delegation_token("yarn").await.unwrap(), None);
}
