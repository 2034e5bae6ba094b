//! Which words a text has: what is told of one is how many different words of content it holds, as long as they are fewer than twelve.

use super::desk::content_words;
use crate::story::assert_told;

#[track_caller]
fn assert_counts(cases: &[(&str, &str)]) {
    assert_told(cases, content_words);
}

#[test]
fn english_endings_are_taken_off_where_four_letters_stay() {
    assert_counts(&[
        ("optimizations optim", "1"),
        ("formations formation form", "1"),
        ("statements statement stat", "1"),
        ("shipments shipment ship", "1"),
        ("buildings building build", "1"),
        ("policies polic", "1"),
        ("trainers trainer trained train", "1"),
        ("ledges ledg", "1"),
        ("optimization optimize", "1"),
        // Three letters stay before `s`, not before the others.
        ("logs log", "1"),
        ("ads ad", "2"),
        ("baking bak", "2"),
        ("baring barings", "1"),
        ("boxes box boxe", "2"),
        // `e` goes when four letters stay.
        ("plane plan", "1"),
        ("tape tap", "2"),
        // `ss` is no ending.
        ("glass glasing", "2"),
        ("glass glasses", "1"),
        // Only English letters have English endings.
        ("caf\u{e9}s caf\u{e9}", "2"),
        ("costs\u{2014} cost", "1"),
    ]);
}

#[test]
fn what_tells_nothing_is_no_word_of_content() {
    assert_counts(&[
        ("", "0"),
        ("?! ... --", "0"),
        ("x y z", "0"),
        ("x xy 7", "2"),
        ("the THE der le el il os", "0"),
        ("tambi\u{e9}n TAMBI\u{c9}N s\u{e3}o", "0"),
        ("between questa should cost", "1"),
        ("a b c d1", "1"),
        ("\u{1f680} cost \u{1f680}", "1"),
    ]);
}

#[test]
fn case_tells_no_words_apart() {
    assert_counts(&[
        ("COST cost Cost", "1"),
        ("COST\u{2014} cost", "1"),
        ("\u{c9}T\u{c9} \u{e9}t\u{e9}", "1"),
        ("e\u{c9} E\u{e9}", "1"),
    ]);
}

#[test]
fn figures_hold_their_separators_and_no_endings() {
    assert_counts(&[
        ("1,234.5 1,234.5", "1"),
        ("1,234.5 1 234 5", "4"),
        ("3 4", "2"),
        ("3,4 3 4", "3"),
        ("3.4 3 4", "3"),
        ("3, 4. 3 4", "2"),
        ("ab.12 ab 12", "2"),
        ("ab,cd ab cd", "2"),
        ("12.cd 12 cd", "2"),
        ("12;34 12 34", "2"),
        // A figure may have one letter for its unit; with two it is a word, which has endings.
        ("1000s 1000", "2"),
        ("10gbs 10gb", "1"),
        ("1.5xs 1.5x", "1"),
        ("12ms 12m", "1"),
        ("4es 4e", "2"),
    ]);
}

#[test]
fn words_beyond_ascii_are_read_whole() {
    assert_counts(&[
        ("na\u{ef}ve nai ve", "3"),
        ("cafe\u{301} cafe", "2"),
        ("cafe\u{301} cafe\u{301}", "1"),
        ("cost\u{2019}s cost", "1"),
        ("1.234\u{20ac} 1.234 1 234", "3"),
        ("1,5\u{20ac} 1,5", "1"),
        ("1.\u{20ac} 1", "1"),
        ("1\u{e9}.5 1\u{e9} 5", "3"),
        ("a.5\u{e9} 5\u{e9}", "1"),
        ("12\u{e9}3 12\u{e9} 3", "3"),
        ("\u{43f}\u{43b}\u{430}\u{442}\u{430} \u{41f}\u{41b}\u{410}\u{422}\u{410}", "1"),
    ]);
}

#[test]
fn scripts_without_blanks_have_a_word_for_each_character() {
    assert_counts(&[
        ("\u{6771}\u{4eac}", "2"),
        ("\u{6771}\u{4eac} \u{6771}", "2"),
        ("\u{30c8}\u{30fc}\u{30c8}", "2"),
        ("ab\u{6771} ab \u{6771}", "2"),
        ("12\u{6771}34 12 34", "3"),
        ("\u{ac00}\u{b098} \u{ac00}", "2"),
        ("\u{e01}\u{e02}\u{e03}", "3"),
    ]);
}
