//! Function words: they hold the sentences of a language together, and mean nothing of their own.

use super::stem::word_hash;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// Function words of the languages that are told apart; their place is their bit.
const FUNCTION_WORDS: [&str; 6] = [
    "the a an and or but of to in on at by for with from is are was were be been this that these those it its as if \
     then than so not no we you your our my me i he she they them their which who what when where how can could should \
     would will may might do does did has have had there here all each any more most into out up over per about after \
     before between while since because also only very such let us",
    "der die das und oder aber von zu im auf bei mit aus ist sind war waren ein eine einer eines einen dem den des \
     nicht kein keine wir sie ihr ihre unser ich wie wenn dann als auch nur sehr für über nach durch werden wird kann",
    "le la les et ou mais de du des dans sur par pour avec est sont était un une ce cette ces il elle nous vous votre \
     notre je ne pas plus qui que quoi dont où si au aux en se sa son ses leur leurs peut",
    "el los las y o pero de del en por para con es son era un una este esta estos estas no nosotros su sus mi yo que \
     cual donde si como al se lo más muy también puede",
    "il lo gli e ed o ma di del della dei nel nella per con è sono era un una questo questa questi non noi voi suo \
     sua io che quale dove se come al si più molto anche può",
    "o os as e ou mas de do da dos das em no na por para com é são era um uma este esta isto não nós você seu sua eu \
     que qual onde se como ao mais muito também pode",
];

pub(super) static FUNCTIONS: LazyLock<FxHashMap<u64, u8>> = LazyLock::new(|| {
    let mut functions = FxHashMap::default();
    for (bit, words) in FUNCTION_WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            *functions.entry(word_hash(word)).or_insert(0) |= 1 << bit;
        }
    }
    functions
});

/// Function words are short: the bytes of the longest.
pub(super) static LONGEST_FUNCTION_WORD: LazyLock<usize> = LazyLock::new(|| {
    FUNCTION_WORDS.iter().flat_map(|words| words.split_whitespace()).map(str::len).max().unwrap_or(0)
});
