//! Table of contents of the integration tier.
