//! Functions on lists, maps, sets and multisets, and those that take lambdas.

mod filter;
mod get;
mod list_add;
mod map;
mod map_exists;
mod map_get;
mod map_merge;
mod map_put;
mod members;
mod multiset;
mod multiset_merge;
mod multiset_to_set;
mod reduce;
mod set;
mod set_init;
mod set_merge;
mod zip;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    filter::FILTER,
    get::GET,
    get::GET_FIRST,
    get::GET_LAST,
    list_add::LIST_ADD,
    map::MAP,
    map_exists::MAP_EXISTS,
    map_get::MAP_GET,
    map_merge::MAP_MERGE,
    map_put::MAP_PUT,
    multiset::MULTISET_ADD,
    multiset::MULTISET_INIT,
    multiset::MULTISET_REMOVE,
    multiset_merge::MULTISET_MERGE,
    multiset_to_set::MULTISET_TO_SET,
    reduce::REDUCE,
    set::SET_ADD,
    set::SET_REMOVE,
    set_init::SET_INIT,
    set_merge::SET_MERGE,
    zip::ZIP,
    zip::ZIP_LONGEST,
];
