use std::fmt;

use crate::proto::yarn::ResourceProto;

/// What a container gets. Other kinds (`yarn.io/gpu`) are not asked for, and not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resource {
    pub memory_mb: i64,
    pub virtual_cores: i32,
}

impl Resource {
    pub fn new(memory_mb: i64, virtual_cores: i32) -> Self {
        Self {
            memory_mb,
            virtual_cores,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} MB, {} cores",
            self.memory_mb, self.virtual_cores
        )
    }
}

impl From<Resource> for ResourceProto {
    fn from(resource: Resource) -> Self {
        Self {
            memory: Some(resource.memory_mb),
            virtual_cores: Some(resource.virtual_cores),
            resource_value_map: Vec::new(),
        }
    }
}

impl From<ResourceProto> for Resource {
    fn from(resource: ResourceProto) -> Self {
        Self {
            memory_mb: resource.memory(),
            virtual_cores: resource.virtual_cores(),
        }
    }
}
