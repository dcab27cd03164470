//! The functions of the interactive shell.

mod shell_edit;
mod shell_get_expression;
mod shell_list_vars;
mod shell_map2table;
mod shell_vars2map;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    shell_edit::SHELL_EDIT,
    shell_get_expression::SHELL_GET_EXPRESSION,
    shell_list_vars::SHELL_LIST_VARS,
    shell_map2table::SHELL_MAP2TABLE,
    shell_vars2map::SHELL_VARS2MAP,
];
