//! Natural order, the one file managers show: `img9` before `img10`, whatever zeros stand in front.
//!
//! A name becomes a key whose bytes sort like the name should, made once per name: comparing two names
//! digit by digit for every comparison takes seconds for a folder of 100,000. Comparing bytes is a total
//! order by construction, which sorting insists on.

use std::ffi::OsStr;

/// Ends the part of a key that knows about numbers; smaller than whatever else may stand there.
const END: u8 = 0;
/// Begins a number, as a digit does in ASCII.
const NUMBER: u8 = b'0';

/// What `name` sorts by. Runs of ASCII digits count as one number of any length; everything else is
/// compared byte by byte. Different names have different keys: where only zeros in front differ, the
/// bytes of the name decide.
pub(crate) fn key(name: &OsStr) -> Vec<u8> {
    let bytes = name.as_encoded_bytes();
    let mut key = Vec::with_capacity(2 * bytes.len() + 8);
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        if !first.is_ascii_digit() {
            key.push(*first);
            rest = tail;
            continue;
        }
        let end = rest.iter().position(|byte| !byte.is_ascii_digit());
        let (run, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let zeros = run.iter().take_while(|digit| **digit == b'0').count();
        let digits = &run[zeros..];
        key.push(NUMBER);
        push_length(&mut key, digits.len());
        key.extend_from_slice(digits);
        rest = behind;
    }
    key.push(END);
    key.extend_from_slice(bytes);
    key
}

/// The longer number is the larger one; written so that longer lengths have larger bytes.
fn push_length(key: &mut Vec<u8>, length: usize) {
    key.extend(std::iter::repeat_n(u8::MAX, length / usize::from(u8::MAX)));
    key.push((length % usize::from(u8::MAX)) as u8);
}

/// Sorts `items` by their names.
pub(super) fn sort<T>(items: &mut [T], name: impl Fn(&T) -> &OsStr) {
    items.sort_by_cached_key(|item| key(name(item)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{cmp::Ordering, ffi::OsString};

    fn compare(a: &str, b: &str) -> Ordering {
        key(OsStr::new(a)).cmp(&key(OsStr::new(b)))
    }

    #[test]
    fn names_come_as_people_count() {
        let in_order = [
            ("", "img", "nothing comes first"),
            ("img", "img1", "the shorter of two names comes first"),
            ("img9.png", "img10.png", "numbers by value"),
            ("img9.png", "img010.png", "zeros in front do not matter"),
            ("img01.png", "img1.png", "unless nothing else differs"),
            ("a0", "a1", "zero is the smallest number"),
            ("a", "a0", "but more than nothing"),
            (
                "img.png",
                "img1.png",
                "a dot comes before a digit, as in ASCII",
            ),
            ("img1.png", "img_1.png", "an underscore behind"),
            ("v1.2", "v1.10", "each number on its own"),
            (
                "9",
                "99999999999999999999999999",
                "numbers may be of any length",
            ),
            ("B", "a", "capitals come first"),
            ("a", "é", "letters of other alphabets come last"),
        ];
        for (first, second, reason) in in_order {
            assert_eq!(compare(first, second), Ordering::Less, "{reason}");
            assert_eq!(compare(second, first), Ordering::Greater, "{reason}");
        }
        let long = "1".repeat(255);
        assert_eq!(compare(&long, &format!("{long}0")), Ordering::Less);
        assert_eq!(compare(&"9".repeat(254), &long), Ordering::Less);
    }

    fn names() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[ab0-3.é_]{0,7}").unwrap()
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in names(), b in names(), c in names()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b) != Ordering::Greater && compare(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            }
        }

        #[test]
        fn numbers_come_by_value(a in 0u64.., b in 0u64.., zeros in 0usize..4) {
            let padded = format!("x{}{b}y", "0".repeat(zeros));
            if a != b {
                prop_assert_eq!(compare(&format!("x{a}y"), &padded), a.cmp(&b));
            }
        }

        #[test]
        fn sorting_is_stable_and_keeps_everything(all in proptest::collection::vec(names(), 0..20)) {
            let mut items: Vec<(OsString, usize)> =
                all.iter().enumerate().map(|(i, name)| (name.into(), i)).collect();
            sort(&mut items, |item| &item.0);
            for pair in items.windows(2) {
                let order = key(&pair[0].0).cmp(&key(&pair[1].0));
                prop_assert!(order == Ordering::Less || (order == Ordering::Equal && pair[0].1 < pair[1].1));
            }
            let mut numbers: Vec<usize> = items.iter().map(|item| item.1).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..all.len()).collect::<Vec<_>>());
        }
    }
}
