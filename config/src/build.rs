//! From stored documents to a snapshot: what changed is compiled, what did not is taken over, what is invalid is refused
//! for itself while its former version stays.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use alidade_parsers::PatternSource;
use alidade_stellar::config_code;

use crate::compiler::Compiler;
use crate::snapshot::{Entry, GlobalEntry, Refusal, Snapshot};
use crate::{DocumentId, Kind, Problem, RawDocument, RawTree, lint};

/// Compiles every document.
///
/// # Errors
/// All problems of all documents, if any document is invalid.
pub fn validate(tree: &RawTree, compiler: &Compiler) -> Result<Snapshot, Vec<Problem>> {
    let (snapshot, mut problems) = compile_all(tree, compiler)?;
    if problems.is_empty() {
        return Ok(snapshot);
    }
    problems.extend(snapshot.warnings().cloned());
    Err(problems)
}

/// What can be compiled, and the errors in the rest.
fn compile_all(
    tree: &RawTree,
    compiler: &Compiler,
) -> Result<(Snapshot, Vec<Problem>), Vec<Problem>> {
    let (snapshot, mut problems) = match rebuild(tree, compiler, None) {
        Ok(snapshot) => (snapshot, Vec::new()),
        Err(problems) => {
            let mut others = tree.clone();
            others.documents.remove(&DocumentId::Global);
            others.unreadable.remove(&DocumentId::Global);
            (rebuild(&others, compiler, None)?, problems)
        }
    };
    let refusals = snapshot.refusals.values();
    problems.extend(refusals.flat_map(|refusal| refusal.problems.clone()));
    Ok((snapshot, problems))
}

/// All problems of all documents, in the order of their places: errors, warnings, and what the documents of a sensor say
/// about each other.
pub(crate) fn problems_of(tree: &RawTree, compiler: &Compiler) -> Vec<Problem> {
    let mut problems = match compile_all(tree, compiler) {
        Ok((snapshot, mut problems)) => {
            problems.extend(snapshot.warnings().cloned());
            problems.extend(lint::findings(tree, &snapshot, compiler.library()));
            problems
        }
        Err(problems) => problems,
    };
    problems.sort_by(|one, other| {
        let place = |problem: &Problem| (problem.document.clone(), problem.line, problem.column);
        place(one).cmp(&place(other))
    });
    problems
}

/// A snapshot of the documents. A document that is invalid does not stand in the way of the others: it is listed in the
/// refusals, and the version of it in `former` stays in force.
///
/// # Errors
/// When the global document is invalid and there is no former one to keep.
pub fn rebuild(
    tree: &RawTree,
    compiler: &Compiler,
    former: Option<&Snapshot>,
) -> Result<Snapshot, Vec<Problem>> {
    let mut work = Work {
        tree,
        former,
        applied: BTreeMap::new(),
        refusals: BTreeMap::new(),
        has_changed: false,
    };
    let global = work.global(compiler)?;
    let has_same_surroundings = former.is_some_and(|former| {
        Arc::ptr_eq(&former.global, &global) && former.patterns == tree.patterns
    });
    let patterns = TreePatterns {
        files: &tree.patterns,
        others: compiler.patterns(),
    };
    let parsers = work.settle(
        Kind::Parser,
        former.map(|former| &former.parsers),
        has_same_surroundings,
        |id, raw| compiler.parser(id, raw, &global, &patterns),
    );
    let enrichments = work.settle(
        Kind::Enrichment,
        former.map(|former| &former.enrichments),
        true,
        |id, raw| compiler.enrichment(id, raw),
    );
    let indexing = work.settle(
        Kind::Indexing,
        former.map(|former| &former.indexing),
        true,
        |id, raw| compiler.indexing(id, raw),
    );
    let former_profiler = former.and_then(|former| former.profiler.clone());
    let former_profiler = former_profiler.map(|entry| BTreeMap::from([(String::new(), entry)]));
    let profiler = work.settle(Kind::Profiler, former_profiler.as_ref(), true, |_, raw| {
        compiler.profiler(raw)
    });
    let former_version = former.map_or(0, |former| former.version);
    Ok(Snapshot {
        version: former_version + u64::from(work.has_changed || former.is_none()),
        applied: work.applied,
        global,
        parsers,
        enrichments,
        indexing,
        profiler: profiler.into_values().next(),
        refusals: work.refusals,
        patterns: tree.patterns.clone(),
    })
}

/// The state of one rebuilding.
struct Work<'a> {
    tree: &'a RawTree,
    former: Option<&'a Snapshot>,
    applied: BTreeMap<DocumentId, i64>,
    refusals: BTreeMap<DocumentId, Arc<Refusal>>,
    has_changed: bool,
}

impl Work<'_> {
    fn global(&mut self, compiler: &Compiler) -> Result<Arc<GlobalEntry>, Vec<Problem>> {
        let id = DocumentId::Global;
        let raw = self.tree.get(&id);
        let former = self.former.map(|former| former.global.clone());
        if let Some(reason) = self.tree.unreadable.get(&id) {
            let problems = vec![Problem::error(&id, config_code::UNREADABLE, reason)];
            return self.keep_global(problems, former);
        }
        if let Some(former) = &former
            && former.source.as_ref().map(|source| &source.bytes) == raw.map(|raw| &raw.bytes)
        {
            self.apply(&id, raw);
            return Ok(former.clone());
        }
        if let Some(refusal) = self.same_refusal(&id, raw) {
            let problems = refusal.problems.clone();
            return self.keep_global(problems, former);
        }
        match compiler.global(raw) {
            Ok(entry) => {
                self.has_changed = true;
                self.apply(&id, raw);
                Ok(Arc::new(entry))
            }
            Err(problems) => self.keep_global(problems, former),
        }
    }

    fn keep_global(
        &mut self,
        problems: Vec<Problem>,
        former: Option<Arc<GlobalEntry>>,
    ) -> Result<Arc<GlobalEntry>, Vec<Problem>> {
        let Some(former) = former else {
            return Err(problems);
        };
        self.refuse(&DocumentId::Global, problems);
        Ok(former)
    }

    /// The entries of one kind. With `may_reuse`, a document whose bytes did not change is not compiled again.
    fn settle<T: Entry>(
        &mut self,
        kind: Kind,
        former: Option<&BTreeMap<String, Arc<T>>>,
        may_reuse: bool,
        compile: impl Fn(&DocumentId, &RawDocument) -> Result<T, Vec<Problem>>,
    ) -> BTreeMap<String, Arc<T>> {
        let mut entries = BTreeMap::new();
        let documents = self.tree.documents.keys();
        let ids = documents.chain(self.tree.unreadable.keys());
        let ids: Vec<DocumentId> = ids.filter(|id| id.kind() == kind).cloned().collect();
        for id in ids {
            let name = id.sensor().unwrap_or_default();
            let old = former.and_then(|former| former.get(name));
            if let Some(entry) = self.settle_one(&id, old, may_reuse, &compile) {
                entries.insert(name.to_owned(), entry);
            }
        }
        let is_gone = |name: &String| !entries.contains_key(name);
        self.has_changed |= former.is_some_and(|former| former.keys().any(is_gone));
        entries
    }

    fn settle_one<T: Entry>(
        &mut self,
        id: &DocumentId,
        old: Option<&Arc<T>>,
        may_reuse: bool,
        compile: &impl Fn(&DocumentId, &RawDocument) -> Result<T, Vec<Problem>>,
    ) -> Option<Arc<T>> {
        let raw = self.tree.get(id);
        if let (Some(old), Some(raw), true) = (old, raw, may_reuse)
            && old.source().bytes == raw.bytes
        {
            self.apply(id, Some(raw));
            return Some(old.clone());
        }
        let outcome = match (raw, self.same_refusal(id, raw)) {
            (Some(_), Some(refusal)) if may_reuse => Err(refusal.problems.clone()),
            (Some(raw), _) => compile(id, raw),
            (None, _) => {
                let reason = self.tree.unreadable.get(id);
                let reason = reason.map_or("it cannot be read", String::as_str);
                Err(vec![Problem::error(id, config_code::UNREADABLE, reason)])
            }
        };
        match outcome {
            Ok(entry) => {
                self.has_changed = true;
                self.apply(id, raw);
                Some(Arc::new(entry))
            }
            Err(problems) => {
                self.refuse(id, problems);
                let old = old?;
                if may_reuse {
                    return Some(old.clone());
                }
                // What it depends on has changed, so the version that stays is compiled anew. If that fails too, it
                // serves on as it is.
                match compile(id, old.source()) {
                    Ok(entry) => {
                        self.has_changed = true;
                        Some(Arc::new(entry))
                    }
                    Err(_) => Some(old.clone()),
                }
            }
        }
    }

    fn apply(&mut self, id: &DocumentId, raw: Option<&RawDocument>) {
        if let Some(raw) = raw {
            self.applied.insert(id.clone(), raw.version);
        }
    }

    /// The refusal of exactly this text, if it was refused before.
    fn same_refusal(&self, id: &DocumentId, raw: Option<&RawDocument>) -> Option<&Arc<Refusal>> {
        let refusal = self.former?.refusals.get(id)?;
        let refused = refusal.source.as_ref().map(|source| &source.bytes);
        (refused == raw.map(|raw| &raw.bytes)).then_some(refusal)
    }

    fn refuse(&mut self, id: &DocumentId, problems: Vec<Problem>) {
        let raw = self.tree.get(id);
        let kept_version = self
            .former
            .and_then(|former| former.applied.get(id))
            .copied();
        if let Some(kept) = kept_version {
            self.applied.insert(id.clone(), kept);
        }
        let at = match self.same_refusal(id, raw) {
            Some(earlier) if earlier.problems == problems => earlier.at,
            _ => SystemTime::now(),
        };
        let refusal = Refusal {
            document: id.clone(),
            problems,
            at,
            version: raw.map_or(0, |raw| raw.version),
            kept_version,
            source: raw.cloned(),
        };
        self.refusals.insert(id.clone(), Arc::new(refusal));
    }
}

/// Pattern files beside the documents first, then the others.
struct TreePatterns<'a> {
    files: &'a BTreeMap<String, Arc<[u8]>>,
    others: &'a (dyn PatternSource + Send + Sync),
}

impl PatternSource for TreePatterns<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, io::Error> {
        let name = path.trim_start_matches('/');
        let name = name.strip_prefix("patterns/").unwrap_or(name);
        let Some(bytes) = self.files.get(name) else {
            return self.others.read(path);
        };
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        Ok(Some(text.to_owned()))
    }
}
