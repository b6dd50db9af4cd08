//! The second opinion on pairs of objects that are compiled here: claims by name call everything equal, so that the
//! prover alone has to find each difference, and nothing else.

#![expect(clippy::unwrap_used, reason = "what these helpers build is right")]

mod claims;
mod compile;
mod different_assembly;
mod different_c;
mod equal;
mod references;
mod robust;
