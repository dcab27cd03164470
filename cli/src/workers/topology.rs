//! What a stage command runs, by name.

/// A stage of the pipeline with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The command that starts it.
    pub command: &'static str,
    /// Upstream's name of the topology, which the application on YARN has too.
    pub name: String,
    /// What tells it from others of the same command, if there can be others.
    sensors: Vec<String>,
}

impl Topology {
    /// The only one that its command runs.
    pub fn only(command: &'static str, name: &str) -> Topology {
        Topology {
            command,
            name: name.to_owned(),
            sensors: Vec::new(),
        }
    }

    /// One for some sensors, at least one.
    pub fn of_sensors(command: &'static str, sensors: Vec<String>) -> Topology {
        Topology {
            command,
            name: sensors.join("__"),
            sensors,
        }
    }

    /// Its name among the processes in the background.
    pub fn process_name(&self) -> String {
        if self.sensors.is_empty() {
            return self.command.to_owned();
        }
        format!("{}-{}", self.command, self.name)
    }

    /// The command that ends it.
    pub fn stop_command(&self) -> String {
        if self.sensors.is_empty() {
            return format!("{}.sh stop", self.command);
        }
        format!("{}.sh stop -s {}", self.command, self.sensors.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_has_names() {
        let only = Topology::only("start_hdfs_topology", "batch_indexing");
        assert_eq!(only.process_name(), "start_hdfs_topology");
        assert_eq!(only.stop_command(), "start_hdfs_topology.sh stop");
        let sensors = ["bro", "snort"].map(str::to_owned).to_vec();
        let one = Topology::of_sensors("start_parser_topology", sensors);
        assert_eq!(one.name, "bro__snort");
        assert_eq!(one.process_name(), "start_parser_topology-bro__snort");
        assert_eq!(
            one.stop_command(),
            "start_parser_topology.sh stop -s bro,snort"
        );
    }
}
