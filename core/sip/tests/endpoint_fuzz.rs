//! Random scripts against a whole endpoint: bounds, one end a dialog, nothing left behind.
#![allow(clippy::unwrap_used)]

use cordboard_sip::fuzz::fuzz_endpoint;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_endpoint_survives_any_script(data in proptest::collection::vec(any::<u8>(), 0..1_500)) {
        fuzz_endpoint(&data);
    }
}
