//! The functions that only people call, against real servers.

mod bench;
mod configuration;
mod files;
mod topics;

use bench::Bench;

/// One set of servers for all of them: starting it takes longer than using it.
#[test]
fn functions_that_only_people_call() {
    let bench = Bench::start();
    configuration::documents_are_put_and_come_back(&bench);
    configuration::edited_documents_are_put(&bench);
    configuration::brokers_are_found_where_they_register(&bench);
    files::of_this_machine(&bench);
    files::of_hdfs(&bench);
    files::of_another_file_system(&bench);
    topics::messages_are_put_and_come_in_order(&bench);
    topics::a_group_goes_on_where_it_stopped(&bench);
    topics::only_what_is_new_is_tailed(&bench);
    topics::a_topic_that_is_not_there_yet_is_waited_for(&bench);
    topics::what_satisfies_a_condition_is_found(&bench);
    topics::one_message_is_sought(&bench);
    topics::the_rich_view_tells_the_place(&bench);
    topics::several_partitions_are_read(&bench);
    topics::failures_say_what_is_wrong(&bench);
}
