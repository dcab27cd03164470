use std::cmp::Ordering;

/// Compares two model versions: runs of digits as numbers, everything else character by character, so that `10.0` is
/// newer than `9.0` and `1.10` newer than `1.9`. Upstream compares the plain texts. Two texts that are equal as numbers
/// (`1.0` and `1.00`) are ordered as texts, so that only equal texts are equal.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    natural_order(left.as_bytes(), right.as_bytes()).then_with(|| left.cmp(right))
}

fn natural_order(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        let (Some(&a), Some(&b)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len());
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (left_digits, left_rest) = split_digits(left);
            let (right_digits, right_rest) = split_digits(right);
            let by_number = compare_digits(left_digits, right_digits);
            if by_number != Ordering::Equal {
                return by_number;
            }
            (left, right) = (left_rest, right_rest);
            continue;
        }
        if a != b {
            return a.cmp(&b);
        }
        (left, right) = (&left[1..], &right[1..]);
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Compares as numbers of any size.
fn compare_digits(left: &[u8], right: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| {
        let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
        digits[zeros..].to_vec()
    };
    let (left, right) = (significant(left), significant(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(&right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_versions_count_as_numbers() {
        let ascending = [
            "", "1", "1.0", "1.0.1", "1.9", "1.10", "2", "9.0", "10.0", "v9", "v10",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(
                compare_versions(pair[0], pair[1]),
                Ordering::Less,
                "{pair:?}"
            );
        }
        assert_eq!(
            compare_versions("99999999999999999999", "100000000000000000000"),
            Ordering::Less
        );
        assert_eq!(compare_versions("1.0", "1.0"), Ordering::Equal);
        assert_ne!(compare_versions("1.0", "1.00"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[a0-9.\\-]{0,6}", b in "[a0-9.\\-]{0,6}", c in "[a0-9.\\-]{0,6}") {
            prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
            if compare_versions(&a, &b).is_le() && compare_versions(&b, &c).is_le() {
                prop_assert!(compare_versions(&a, &c).is_le());
            }
        }
    }
}
