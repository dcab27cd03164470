use crate::{HadoopError, QueueInfo, QueueState, ResourceManager};

/// Makes sure that the cluster takes an application in this queue, and gives the number of nodes that run. `option` is
/// what a user chooses the queue with, such as `-q`.
///
/// # Errors
/// [`HadoopError::Invalid`] with what is wrong and what to do about it; else when the resource manager cannot be asked.
pub async fn check_cluster(
    resource_manager: &ResourceManager,
    queue: &str,
    option: &str,
) -> Result<usize, HadoopError> {
    let nodes = resource_manager.running_nodes().await?;
    if nodes.is_empty() {
        let text = "the resource manager has no running node: start a NodeManager";
        return Err(HadoopError::Invalid(text.to_owned()));
    }
    match resource_manager.queue_info(queue).await {
        Ok(info) => check_queue(queue, &info, option)?,
        Err(error @ (HadoopError::Remote(_) | HadoopError::Answer { .. })) => {
            let root = resource_manager.queue_info("root").await;
            let names = root.map_or_else(|_| String::new(), |root| leaf_names(&root));
            return Err(HadoopError::Invalid(format!(
                "YARN has no queue \"{queue}\" ({error}); its queues are: {names}; choose one with {option}"
            )));
        }
        Err(error) => return Err(error),
    }
    Ok(nodes.len())
}

fn check_queue(queue: &str, info: &QueueInfo, option: &str) -> Result<(), HadoopError> {
    if info.state != QueueState::Running {
        return Err(HadoopError::Invalid(format!(
            "the queue \"{queue}\" takes no applications now ({:?}); choose another with {option}",
            info.state
        )));
    }
    if !info.children.is_empty() {
        return Err(HadoopError::Invalid(format!(
            "the queue \"{queue}\" only holds other queues; choose one of {} with {option}",
            leaf_names(info)
        )));
    }
    Ok(())
}

/// The queues that take applications.
fn leaf_names(queue: &QueueInfo) -> String {
    let mut names = Vec::new();
    collect_leaves(queue, &mut names);
    names.join(", ")
}

fn collect_leaves(queue: &QueueInfo, names: &mut Vec<String>) {
    if queue.children.is_empty() {
        names.push(queue.name.clone());
    }
    for child in &queue.children {
        collect_leaves(child, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str, state: QueueState, children: Vec<QueueInfo>) -> QueueInfo {
        QueueInfo {
            name: name.to_owned(),
            state,
            capacity: 1.0,
            maximum_capacity: 1.0,
            used: 0.0,
            children,
        }
    }

    #[test]
    fn a_queue_that_takes_nothing_is_told_with_the_remedy() {
        let leaf = queue("default", QueueState::Running, Vec::new());
        assert!(check_queue("default", &leaf, "-q").is_ok());
        let stopped = queue("old", QueueState::Stopped, Vec::new());
        let text = check_queue("old", &stopped, "-q").unwrap_err().to_string();
        assert!(
            text.contains("takes no applications now (Stopped)"),
            "{text}"
        );
        let root = queue("root", QueueState::Running, vec![leaf, stopped]);
        let text = check_queue("root", &root, "--yarn-queue").unwrap_err();
        assert_eq!(
            text.to_string(),
            "the queue \"root\" only holds other queues; choose one of default, old with --yarn-queue"
        );
    }
}
