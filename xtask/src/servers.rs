//! `cargo xtask servers`: real servers that stay until they are told to go.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alidade_testkit::{
    Elasticsearch, ElasticsearchVersion, Hdfs, Kafka, LaunchError, Lifetime, ProcessRecord, Server,
    Solr, Yarn, ZooKeeper, end_all_below,
};

use crate::XtaskError;
use crate::kind::Kind;
use crate::state::{Started, State};

/// For an orderly end of all servers.
const GRACE: Duration = Duration::from_secs(20);

/// Starts what is not up yet, independent servers side by side, and prints where everything is.
pub(crate) fn up(kinds: &[Kind]) -> Result<(), XtaskError> {
    let path = State::path();
    let _lock = lock_file(&path)?;
    let root = root()?;
    let mut state = State::load(&path)?;
    state.servers.retain(|server| {
        let is_up = server.is_up();
        if !is_up {
            eprintln!("{} has ended since: starting anew", server.kind);
            end_server(server);
        }
        is_up
    });
    let wanted = Kind::with_needed(kinds);
    let missing = wanted
        .iter()
        .filter(|kind| state.find(**kind).is_none())
        .copied();
    let (later, first): (Vec<Kind>, Vec<Kind>) =
        missing.partition(|kind| kind.needs().is_some_and(|needed| wanted.contains(&needed)));

    let state = Mutex::new(state);
    let mut failures = 0;
    for wave in [first, later] {
        failures += start_wave(&wave, &state, &path, &root);
    }
    print_table(&lock(&state), &mut std::io::stdout());
    if failures == 0 {
        Ok(())
    } else {
        Err(XtaskError::SomeNotStarted)
    }
}

/// Starts servers side by side; gives the number of those that failed.
fn start_wave(kinds: &[Kind], state: &Mutex<State>, path: &Path, root: &Path) -> usize {
    std::thread::scope(|scope| {
        let threads: Vec<_> = kinds
            .iter()
            .map(|kind| scope.spawn(move || start_one(*kind, state, path, root).is_ok()))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .filter(|is_up| !is_up)
            .count()
    })
}

fn start_one(kind: Kind, state: &Mutex<State>, path: &Path, root: &Path) -> Result<(), ()> {
    eprintln!("starting {kind}");
    let report = |error: &dyn std::fmt::Display| eprintln!("error: {kind}: {error}");
    let server = start(kind, state, root).map_err(|error| report(&error))?;
    let mut state = lock(state);
    state.servers.push(Started::of(kind, server.as_ref()));
    // Only what is written down can be stopped later.
    state.save(path).map_err(|error| report(&error))?;
    server.detach();
    Ok(())
}

fn start(kind: Kind, state: &Mutex<State>, root: &Path) -> Result<Box<dyn Server>, XtaskError> {
    let lifetime = Lifetime::Detachable {
        root: root.to_path_buf(),
    };
    let needed = |kind: Kind, label: &str| -> Result<String, XtaskError> {
        let state = lock(state);
        let address = state.find(kind).and_then(|server| server.address(label));
        address.map(str::to_owned).ok_or(XtaskError::NotUp(kind))
    };
    let boxed: Result<Box<dyn Server>, LaunchError> = match kind {
        Kind::ZooKeeper => ZooKeeper::start_with(&lifetime).map(boxed),
        Kind::Kafka => Kafka::start_with(&lifetime).map(boxed),
        Kind::Elasticsearch6 => {
            Elasticsearch::start_with(ElasticsearchVersion::V6, &lifetime).map(boxed)
        }
        Kind::Elasticsearch7 => {
            Elasticsearch::start_with(ElasticsearchVersion::V7, &lifetime).map(boxed)
        }
        Kind::Solr => Solr::start_with(&needed(Kind::ZooKeeper, "quorum")?, &lifetime).map(boxed),
        Kind::Hdfs => Hdfs::start_with(&lifetime).map(boxed),
        Kind::Yarn => {
            let conf_dir = needed(Kind::Hdfs, "HADOOP_CONF_DIR")?;
            Yarn::start_with(Path::new(&conf_dir), &lifetime).map(boxed)
        }
    };
    Ok(boxed?)
}

fn boxed<S: Server + 'static>(server: S) -> Box<dyn Server> {
    Box::new(server)
}

/// Prints what is up.
pub(crate) fn status() -> Result<(), XtaskError> {
    print_table(&State::load(&State::path())?, &mut std::io::stdout());
    Ok(())
}

/// Prints the first address of a server and nothing else.
pub(crate) fn address(kind: Kind) -> Result<(), XtaskError> {
    let state = State::load(&State::path())?;
    let server = state
        .find(kind)
        .filter(|server| server.is_up())
        .ok_or(XtaskError::NotUp(kind))?;
    let (_, address) = server.addresses.first().ok_or(XtaskError::NotUp(kind))?;
    println!("{address}");
    Ok(())
}

/// Stops everything that is written down, then whatever else works in the servers' directory: an
/// interrupted `up` leaves servers that are not written down.
pub(crate) fn down() -> Result<(), XtaskError> {
    let path = State::path();
    let _lock = lock_file(&path)?;
    let mut state = State::load(&path)?;
    // Servers that need others were started after them.
    for server in state.servers.iter().rev() {
        eprintln!("stopping {}", server.kind);
        end_server(server);
    }
    state.servers.clear();
    state.save(&path)?;
    let root = root()?;
    end_all_below(&root);
    remove(&root)
}

/// Asks the processes of a server to end and insists after a while. Containers of YARN are left to
/// [`end_all_below`].
fn end_server(server: &Started) {
    let processes: Vec<ProcessRecord> = server
        .processes
        .iter()
        .map(|process| process.record())
        .collect();
    for process in &processes {
        process.terminate();
    }
    let deadline = Instant::now() + GRACE;
    while processes.iter().any(ProcessRecord::is_running) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    for process in &processes {
        process.kill();
    }
    end_all_below(&server.run_dir);
    if let Err(error) = remove(&server.run_dir) {
        eprintln!("{error}");
    }
}

fn remove(folder: &Path) -> Result<(), XtaskError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(XtaskError::Io {
            action: "remove",
            path: folder.to_path_buf(),
            source,
        }),
        _ => Ok(()),
    }
}

/// The servers' directory: in the temp directory, because Elasticsearch may run as another user
/// who cannot enter this one, but a different one for each checkout.
fn root() -> Result<PathBuf, XtaskError> {
    let mut hasher = DefaultHasher::new();
    State::path().hash(&mut hasher);
    let root = std::env::temp_dir().join(format!("alidade-servers-{:016x}", hasher.finish()));
    let failed = |action, source| XtaskError::Io {
        action,
        path: root.clone(),
        source,
    };
    fs::create_dir_all(&root).map_err(|source| failed("create directory", source))?;
    // The temp directory is everybody's: the name may have been taken.
    let owner = fs::metadata(&root)
        .map_err(|source| failed("look at", source))?
        .uid();
    let me = fs::metadata("/proc/self").map_err(|source| failed("find the owner of", source))?;
    if owner != me.uid() {
        return Err(XtaskError::ForeignDirectory { path: root });
    }
    Ok(root)
}

/// One `up` or `down` at a time; the lock ends with the file.
fn lock_file(state: &Path) -> Result<File, XtaskError> {
    let path = state.with_extension("lock");
    let failed = |action, source| XtaskError::Io {
        action,
        path: path.clone(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| failed("create the directory of", source))?;
    }
    let file = File::create(&path).map_err(|source| failed("create", source))?;
    file.lock().map_err(|source| failed("lock", source))?;
    Ok(file)
}

fn print_table(state: &State, out: &mut dyn std::io::Write) {
    // Nothing sensible can be done when the terminal is gone.
    let _ = out.write_all(table(state).as_bytes());
}

fn table(state: &State) -> String {
    if state.servers.is_empty() {
        return "no servers are up; start some with `cargo xtask servers up`\n".to_owned();
    }
    let mut text = String::new();
    for server in &state.servers {
        let health = if server.is_up() { "up" } else { "ENDED" };
        let pids: Vec<String> = server
            .processes
            .iter()
            .map(|it| it.pid.to_string())
            .collect();
        let pids = pids.join(" ");
        text.push_str(&format!("{:<15} {health:<6} pid {pids}\n", server.kind));
        for (label, address) in &server.addresses {
            text.push_str(&format!("  {label:<19} {address}\n"));
        }
        text.push_str(&format!("  {:<19} {}\n", "files", server.run_dir.display()));
    }
    text
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StartedProcess;

    #[test]
    fn the_table_shows_addresses_and_what_has_ended() {
        assert!(table(&State::default()).contains("no servers are up"));
        let process = |pid, start_time| StartedProcess {
            name: "x".into(),
            pid,
            start_time,
        };
        let state = State {
            servers: vec![Started {
                kind: Kind::Hdfs,
                addresses: vec![("uri".into(), "hdfs://127.0.0.1:8020".into())],
                processes: vec![process(7, 1), process(8, 1)],
                run_dir: "/tmp/x".into(),
            }],
        };
        assert_eq!(
            table(&state),
            "hdfs            ENDED  pid 7 8\n  uri                 hdfs://127.0.0.1:8020\n  files               /tmp/x\n"
        );
    }
}
