use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::examination::{Finding, Verdict};
use super::nodes::Nodes;
use super::turns::Turns;
use super::{Command, ContainerEnd, FleetContainer, Life, WishReply};
use crate::HadoopError;
use crate::yarn::{
    AllocateRequest, ApplicationAttemptId, Ask, Container, ContainerId, ContainerStatus, NodeId,
};

/// How often a container is given back whose end the resource manager never reports: it does not know it.
const MOST_RELEASES: u32 = 60;

/// YARN's exit status for a container that is gone through no fault of its own.
const ABORTED: i32 = -100;

/// What is outstanding with the resource manager, and which containers are ours.
pub(super) struct Book {
    attempt: ApplicationAttemptId,
    release_again: Duration,
    /// Not owned: the conversation ends when nobody holds a handle or a container any more.
    commands: mpsc::WeakUnboundedSender<Command>,
    found: mpsc::UnboundedSender<FleetContainer>,
    nodes: Nodes,
    wishes: BTreeMap<i64, Wish>,
    /// Asks that the resource manager knows and that are over.
    taken_back: BTreeMap<i64, Ask>,
    turns: Turns,
    /// One ask for each heartbeat, to find the one that is refused.
    is_one_by_one: bool,
    containers: HashMap<ContainerId, Entry>,
}

struct Wish {
    ask: Ask,
    /// It is, or may be, known to the resource manager.
    is_sent: bool,
    reply: WishReply,
}

/// A container whose end has not been reported.
struct Entry {
    node: Option<NodeId>,
    end: watch::Sender<Option<ContainerEnd>>,
    release: Option<Release>,
    doubt: Option<Doubt>,
}

#[derive(Default)]
struct Release {
    sent: Option<Instant>,
    times: u32,
}

/// Whether the resource manager still knows the container, after it was restarted.
struct Doubt {
    since: Instant,
    examine_at: Instant,
    is_being_examined: bool,
}

impl Entry {
    fn new(node: Option<NodeId>) -> Self {
        Self {
            node,
            end: watch::Sender::new(None),
            release: None,
            doubt: None,
        }
    }

    /// The first word counts.
    fn tell(&self, end: ContainerEnd) {
        self.end.send_if_modified(|told| {
            let is_news = told.is_none();
            told.get_or_insert(end);
            is_news
        });
    }
}

impl Book {
    pub(super) fn new(
        attempt: ApplicationAttemptId,
        release_again: Duration,
        turn: Duration,
        commands: mpsc::WeakUnboundedSender<Command>,
        found: mpsc::UnboundedSender<FleetContainer>,
        nodes: Nodes,
    ) -> Self {
        Self {
            attempt,
            release_again,
            commands,
            found,
            nodes,
            wishes: BTreeMap::new(),
            taken_back: BTreeMap::new(),
            turns: Turns::new(turn, Instant::now()),
            is_one_by_one: false,
            containers: HashMap::new(),
        }
    }

    pub(super) fn wish(&mut self, ask: Ask, reply: WishReply) {
        if self.wishes.is_empty() {
            self.turns.moved(Instant::now());
        }
        let wish = Wish {
            ask,
            is_sent: false,
            reply,
        };
        self.wishes.insert(wish.ask.allocation_request_id, wish);
    }

    pub(super) fn cancel(&mut self, id: i64) {
        let Some(wish) = self.wishes.remove(&id) else {
            return;
        };
        if wish.is_sent {
            let none = Ask {
                containers: 0,
                ..wish.ask
            };
            self.taken_back.insert(id, none);
        }
    }

    /// Gives a container back. One that is not known has ended, or has been given back for long enough.
    pub(super) fn release(&mut self, id: ContainerId) {
        if let Some(entry) = self.containers.get_mut(&id) {
            entry.release.get_or_insert_default();
        }
    }

    pub(super) fn release_unknown(&mut self, id: ContainerId) {
        let entry = self.containers.entry(id);
        let entry = entry.or_insert_with(|| Entry::new(None));
        entry.release.get_or_insert_default();
    }

    /// Something waits to be answered.
    pub(super) fn is_waiting(&self) -> bool {
        let is_released = |entry: &Entry| entry.release.is_some();
        !self.wishes.is_empty() || self.containers.values().any(is_released)
    }

    /// Something waits to be told.
    pub(super) fn has_news(&self) -> bool {
        let is_unsent = |entry: &Entry| {
            let release = entry.release.as_ref();
            release.is_some_and(|release| release.sent.is_none())
        };
        !self.taken_back.is_empty()
            || self.wishes.values().any(|wish| self.may_send(wish))
            || self.containers.values().any(is_unsent)
    }

    fn may_send(&self, wish: &Wish) -> bool {
        !wish.is_sent && self.turns.admits(wish.ask.resource)
    }

    /// Takes back for now what waits while it is another size's turn.
    fn take_turns(&mut self, now: Instant) {
        let sizes = self.wishes.values().map(|wish| wish.ask.resource);
        if !self.turns.advance(sizes, now) {
            return;
        }
        for (id, wish) in &mut self.wishes {
            if !wish.is_sent || self.turns.admits(wish.ask.resource) {
                continue;
            }
            wish.is_sent = false;
            let none = Ask {
                containers: 0,
                ..wish.ask.clone()
            };
            self.taken_back.insert(*id, none);
        }
    }

    /// The next heartbeat. It counts as sent: until it is answered it has to be repeated as it is, because the resource
    /// manager answers a repeated one without looking at it again.
    pub(super) fn next_request(&mut self, now: Instant) -> AllocateRequest {
        self.take_turns(now);
        // What is wished for again is not taken back.
        let wishes = &self.wishes;
        let turns = &self.turns;
        let is_wanted = |id: &i64| {
            let wish = wishes.get(id);
            wish.is_some_and(|wish| turns.admits(wish.ask.resource))
        };
        self.taken_back.retain(|id, _| !is_wanted(id));
        let mut asks: Vec<Ask> = self.taken_back.values().cloned().collect();
        let limit = if self.is_one_by_one { 1 } else { usize::MAX };
        asks.truncate(limit);
        let turns = &self.turns;
        let unsent = self
            .wishes
            .values_mut()
            .filter(|wish| !wish.is_sent && turns.admits(wish.ask.resource));
        for wish in unsent.take(limit - asks.len()) {
            wish.is_sent = true;
            asks.push(wish.ask.clone());
        }
        self.is_one_by_one &= !asks.is_empty();

        let mut release = Vec::new();
        let mut given_up = Vec::new();
        for (id, entry) in &mut self.containers {
            let Some(of_entry) = &mut entry.release else {
                continue;
            };
            let sent = of_entry.sent;
            if sent.is_some_and(|sent| now.duration_since(sent) < self.release_again) {
                continue;
            }
            if of_entry.times >= MOST_RELEASES {
                given_up.push(*id);
                continue;
            }
            of_entry.times += 1;
            of_entry.sent = Some(now);
            release.push(*id);
        }
        for id in given_up {
            tracing::debug!(container = %id, "given back often enough");
            self.containers.remove(&id);
        }
        AllocateRequest {
            asks,
            release,
            ..AllocateRequest::default()
        }
    }

    /// The resource manager has taken this in.
    pub(super) fn answered(&mut self, request: &AllocateRequest) {
        for ask in &request.asks {
            if ask.containers == 0 {
                self.taken_back.remove(&ask.allocation_request_id);
            }
        }
    }

    /// The resource manager has not taken this in, because of one of its asks: finds out which one.
    pub(super) fn refused(&mut self, request: &AllocateRequest, error: &HadoopError) {
        for id in &request.release {
            if let Some(release) = self.release_of(*id) {
                release.sent = None;
            }
        }
        if let [only] = request.asks.as_slice() {
            let id = only.allocation_request_id;
            self.taken_back.remove(&id);
            if let Some(wish) = self.wishes.remove(&id) {
                // Whoever has gone away in the meantime need not know.
                let _ = wish.reply.send(Err(error.clone()));
            }
            return;
        }
        self.is_one_by_one = true;
        for ask in &request.asks {
            if let Some(wish) = self.wishes.get_mut(&ask.allocation_request_id) {
                wish.is_sent = false;
            }
        }
    }

    /// The resource manager has not taken this in, because containers of other attempts are given back with it: that is
    /// not done again.
    pub(super) fn release_no_foreign(&mut self, request: &AllocateRequest) {
        for ask in &request.asks {
            if let Some(wish) = self.wishes.get_mut(&ask.allocation_request_id) {
                wish.is_sent = false;
            }
        }
        for id in &request.release {
            if id.attempt != self.attempt {
                self.containers.remove(id);
            } else if let Some(release) = self.release_of(*id) {
                release.sent = None;
            }
        }
    }

    fn release_of(&mut self, id: ContainerId) -> Option<&mut Release> {
        self.containers.get_mut(&id)?.release.as_mut()
    }

    /// The resource manager has forgotten everything but (most) containers.
    pub(super) fn start_over(&mut self, now: Instant, examine_after: Duration) {
        self.taken_back.clear();
        for wish in self.wishes.values_mut() {
            wish.is_sent = false;
        }
        for entry in self.containers.values_mut() {
            if let Some(release) = &mut entry.release {
                *release = Release::default();
            }
            entry.doubt = Some(Doubt {
                since: now,
                examine_at: now + examine_after,
                is_being_examined: false,
            });
        }
    }

    /// A container that the resource manager has given. Its node must be known already.
    pub(super) fn allocated(&mut self, container: Container) {
        let id = container.id;
        if let Some(entry) = self.containers.get_mut(&id) {
            if let Some(release) = &mut entry.release {
                release.sent = None;
            }
            return;
        }
        let Some(wish) = self.wishes.remove(&container.allocation_request_id) else {
            tracing::debug!(container = %id, "nobody wishes it (any more): given back");
            self.containers.insert(id, Entry::new(Some(container.node)));
            self.release(id);
            return;
        };
        self.turns.moved(Instant::now());
        if let Some(container) = self.hold(container) {
            // Where nobody waits any more, it gives itself back when it is dropped.
            let _ = wish.reply.send(Ok(container));
        }
    }

    /// Containers of earlier attempts that are new to us.
    pub(super) fn found(&mut self, containers: Vec<Container>) -> Vec<FleetContainer> {
        let mut new = Vec::new();
        for container in containers {
            // After a restart the resource manager may name those of this attempt as well. They are in the book, or
            // they are none of ours: the application master's own, or one that has ended.
            if container.id.attempt == self.attempt || self.containers.contains_key(&container.id) {
                continue;
            }
            new.extend(self.hold(container));
        }
        new
    }

    /// As [`Self::found`], after the first registration.
    pub(super) fn found_late(&mut self, containers: Vec<Container>) {
        for container in self.found(containers) {
            tracing::info!(container = %container.id(), "an earlier attempt's container was found");
            // The other end goes with the last handle: then the container is given back.
            let _ = self.found.send(container);
        }
    }

    fn hold(&mut self, container: Container) -> Option<FleetContainer> {
        let id = container.id;
        let entry = Entry::new(Some(container.node.clone()));
        let end = entry.end.subscribe();
        self.containers.insert(id, entry);
        let Some(commands) = self.commands.upgrade() else {
            self.release(id);
            return None;
        };
        Some(FleetContainer::new(
            container,
            end,
            commands,
            self.nodes.clone(),
        ))
    }

    /// Told at least once, and also of containers that are not ours.
    pub(super) fn completed(&mut self, status: ContainerStatus) {
        let Some(entry) = self.containers.remove(&status.id) else {
            tracing::debug!(container = %status.id, "an end that is known already, or not ours");
            return;
        };
        let end = ContainerEnd {
            exit_status: status.exit_status,
            diagnostics: status.diagnostics,
        };
        entry.tell(end);
    }

    /// When the node managers are to be asked about containers.
    pub(super) fn examine_at(&self) -> Option<Instant> {
        let doubts = self.containers.values().filter_map(|it| it.doubt.as_ref());
        let waiting = doubts.filter(|doubt| !doubt.is_being_examined);
        waiting.map(|doubt| doubt.examine_at).min()
    }

    /// The containers about which the node managers are to be asked now.
    pub(super) fn doubtful(&mut self, now: Instant) -> Vec<(ContainerId, NodeId)> {
        let mut doubtful = Vec::new();
        for (id, entry) in &mut self.containers {
            let (Some(doubt), Some(node)) = (&mut entry.doubt, &entry.node) else {
                entry.doubt = None;
                continue;
            };
            if !doubt.is_being_examined && doubt.examine_at <= now {
                doubt.is_being_examined = true;
                doubtful.push((*id, node.clone()));
            }
        }
        doubtful
    }

    /// What the node managers have said. Ends that the resource manager will not report are reported here.
    pub(super) fn examined(
        &mut self,
        findings: Vec<Finding>,
        now: Instant,
        again_after: Duration,
        node_patience: Duration,
    ) {
        for Finding { id, verdict } in findings {
            let Some(entry) = self.containers.get_mut(&id) else {
                continue;
            };
            let Some(doubt) = &mut entry.doubt else {
                continue;
            };
            let reason = match verdict {
                Verdict::Lives => {
                    entry.doubt = None;
                    continue;
                }
                Verdict::Ended(end) => {
                    self.end_by_ourselves(id, end);
                    continue;
                }
                Verdict::Unclear(_) if now.duration_since(doubt.since) < node_patience => {
                    doubt.is_being_examined = false;
                    doubt.examine_at = now + again_after;
                    continue;
                }
                Verdict::Unclear(reason) | Verdict::Unknown(reason) => reason,
            };
            let diagnostics = format!("lost in a restart of the resource manager: {reason}");
            let end = ContainerEnd {
                exit_status: ABORTED,
                diagnostics,
            };
            self.end_by_ourselves(id, end);
        }
    }

    /// The resource manager is told to forget it too, in case that it does know it.
    fn end_by_ourselves(&mut self, id: ContainerId, end: ContainerEnd) {
        if let Some(entry) = self.containers.get_mut(&id) {
            entry.doubt = None;
            entry.release.get_or_insert_default();
            entry.tell(end);
        }
    }

    /// Nodes on which there is something of ours.
    pub(super) fn nodes(&self) -> HashSet<&NodeId> {
        let entries = self.containers.values();
        entries.filter_map(|entry| entry.node.as_ref()).collect()
    }

    /// Nothing will be given any more.
    pub(super) fn end(&mut self, life: &Life) {
        for (_, wish) in std::mem::take(&mut self.wishes) {
            let _ = wish.reply.send(Err(life.error()));
        }
    }
}
