//! The policy bundle and its evaluation: facts become a Verdict.
