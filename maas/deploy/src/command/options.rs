use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};

/// Upstream's options in upstream's order, then our own.
pub const OPTIONS: PosixOptions = PosixOptions::new(
    "ModelSubmission",
    &[
        OptionSpec::flag("h", "help", "This screen"),
        OptionSpec::value("hmp", "hdfs_model_path", "Model Path (HDFS)"),
        OptionSpec::value("lmp", "local_model_path", "Model Path (local)"),
        OptionSpec::value("l", "log4j", "The log4j properties file to load"),
        OptionSpec::value("m", "memory", "Memory for container"),
        OptionSpec::value("mo", "mode", "ADD, LIST or REMOVE").required(),
        OptionSpec::value("n", "name", "Model Name"),
        OptionSpec::value("ni", "num_instances", "Number of model instances"),
        OptionSpec::value("v", "version", "Model version"),
        OptionSpec::value("zq", "zk_quorum", "Zookeeper Quorum").required(),
        OptionSpec::value("zr", "zk_root", "Zookeeper Root"),
        OptionSpec::value(
            "",
            "launcher",
            "Where models run: local or yarn (default: yarn where HADOOP_CONF_DIR has a yarn-site.xml, else local)",
        ),
        OptionSpec::value(
            "",
            "fs-uri",
            "File system of the model path (default: fs.defaultFS for yarn, file: for local)",
        ),
        OptionSpec::value(
            "",
            "payload-root",
            "Directory that holds model paths (local launcher; default ~/.alidade/models)",
        ),
        OptionSpec::flag(
            "",
            "wide",
            "LIST: a table with state, failures, age and place of every instance",
        ),
        OptionSpec::flag("", "json", "LIST: everything that is known, as JSON"),
        OptionSpec::value(
            "",
            "wait",
            "ADD, REMOVE: wait up to so many seconds until the instances are registered, or gone",
        ),
        OptionSpec::value(
            "",
            "weight",
            "WEIGHT (a further mode): percent of the calls without a version that the version answers, or none",
        ),
        OptionSpec::value(
            "",
            "shadow",
            "WEIGHT: percent of them that it is asked as well, only to compare its answers, or none",
        ),
    ],
);
