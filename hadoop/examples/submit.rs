//! Submits a command as an application to the cluster of `HADOOP_CONF_DIR`, as that says (with Kerberos where it is
//! on), and tells what becomes of it until Ctrl-C or its end. YARN counts it as failed in the end, as the command does
//! not register as an application master.
//!
//! `cargo run --package alidade-hadoop --example submit -- 'date; sleep 20'`

use std::process::ExitCode;
use std::time::Duration;

use alidade_hadoop::{
    HadoopConf, HadoopError, LaunchContext, Resource, ResourceManager, Submission,
};

#[tokio::main]
async fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    match submit(&command.unwrap_or_else(|| "sleep 20".to_owned())).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn submit(command: &str) -> Result<(), HadoopError> {
    let conf = HadoopConf::from_environment()?;
    let resource_manager = ResourceManager::connect(&conf)?;
    for node in resource_manager.running_nodes().await? {
        println!(
            "node {}: {} of {} used",
            node.id, node.used, node.capability
        );
    }

    let new = resource_manager.new_application().await?;
    let launch = LaunchContext::new(format!("{command} 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr"));
    let mut submission = Submission::new(new.id, "example", launch, Resource::new(256, 1));
    submission.max_attempts = Some(1);
    resource_manager.submit_application(&submission).await?;
    let mut report = resource_manager
        .wait_until_accepted(&submission, Duration::from_secs(60))
        .await?;
    println!("{} of user {}: {:?}", report.id, report.user, report.state);
    while !report.state.is_final() {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {
                let patience = Duration::from_secs(60);
                resource_manager.kill_application(report.id, "Ctrl-C", patience).await?;
            }
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        let now = resource_manager.application_report(report.id).await?;
        if now.state != report.state {
            println!("{}: {:?}", now.id, now.state);
        }
        report = now;
    }
    println!("{}", report.diagnostics);
    Ok(())
}
