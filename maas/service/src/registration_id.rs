use alidade_hadoop::ContainerId;

/// The bits of a container's number that count containers in upstream's reading, below the restarts of the resource
/// manager (40), that no cluster ever uses.
const ATTEMPT_SHIFT: u32 = 32;
const ATTEMPT_BITS: i64 = 0xff;

/// The id under which a model in this container is registered: the container's number alone, as upstream has it.
///
/// The number starts again with each attempt of the master. Upstream's containers end with their attempt, ours live on
/// beside those of the next one: from the second attempt on the attempt is a part of the id, so that none is given twice.
pub(crate) fn registration_id(container: &ContainerId) -> u64 {
    let earlier_attempts = i64::from(container.attempt.number.max(1)) - 1;
    let id = container.number | ((earlier_attempts & ATTEMPT_BITS) << ATTEMPT_SHIFT);
    id.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(container: &str) -> u64 {
        registration_id(&container.parse().unwrap())
    }

    #[test]
    fn the_first_attempts_containers_have_their_bare_number() {
        assert_eq!(id_of("container_1410901177871_0001_01_000002"), 2);
        assert_eq!(
            id_of("container_e17_1410901177871_0001_01_000005"),
            (17 << 40) + 5
        );
    }

    #[test]
    fn no_attempt_repeats_anothers_ids() {
        assert_eq!(
            id_of("container_1410901177871_0001_02_000002"),
            (1 << 32) + 2
        );
        assert_eq!(
            id_of("container_e17_1410901177871_0001_03_000005"),
            (17 << 40) + (2 << 32) + 5
        );
    }
}
