use std::time::Duration;

use alidade_event::Str;

use super::coerce::Section;

/// Where and how files are written. The keys are ours (`indexing.writer.hdfs.*`): upstream has these in a topology file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HdfsGlobal {
    /// `root`: a path in the default file system, or a `hdfs:` or `file:` URI.
    pub root: Str,
    /// `maxFileBytes`: a file is finished when it holds this much.
    pub max_file_bytes: usize,
    /// `maxBufferedBytes`: what all unfinished files may hold together; the largest is finished when it is more.
    pub max_buffered_bytes: usize,
    /// `maxAgeSeconds`: a file is finished when its first event is this old.
    pub max_age: Duration,
    /// `idleSeconds`: a file is finished when nothing has come for this long.
    pub idle: Duration,
    /// `maxOpenFiles`: the oldest is finished when there would be more.
    pub max_open_files: usize,
}

impl Default for HdfsGlobal {
    fn default() -> Self {
        HdfsGlobal {
            root: "/apps/metron/indexing/indexed".into(),
            max_file_bytes: 128 << 20,
            max_buffered_bytes: 128 << 20,
            max_age: Duration::from_secs(300),
            idle: Duration::from_secs(5),
            max_open_files: 500,
        }
    }
}

impl HdfsGlobal {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let mut hdfs = HdfsGlobal::default();
        if let Some(root) = section
            .text("indexing.writer.hdfs.root")
            .filter(|root| !root.trim().is_empty())
        {
            hdfs.root = root;
        }
        if let Some(bytes) = size(section, "indexing.writer.hdfs.maxFileBytes") {
            hdfs.max_file_bytes = bytes;
        }
        if let Some(bytes) = size(section, "indexing.writer.hdfs.maxBufferedBytes") {
            hdfs.max_buffered_bytes = bytes;
        }
        if let Some(seconds) = section.count("indexing.writer.hdfs.maxAgeSeconds") {
            hdfs.max_age = Duration::from_secs(seconds.clamp(1, 86_400));
        }
        if let Some(seconds) = section.count("indexing.writer.hdfs.idleSeconds") {
            hdfs.idle = Duration::from_secs(seconds.clamp(1, 86_400));
        }
        if let Some(count) = size(section, "indexing.writer.hdfs.maxOpenFiles") {
            hdfs.max_open_files = count;
        }
        hdfs
    }
}

fn size(section: &mut Section<'_>, key: &str) -> Option<usize> {
    section
        .count(key)
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX).max(1))
}
