//! Settings of an integration: the provider's JSON Schema, and the merge patch that changes them.
