"""The decisions, as pure functions: an addon and the facts about it in, a plan out."""
