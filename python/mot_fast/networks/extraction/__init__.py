"""From a torch model and stimuli to layers on disk; the modules here are the only ones that know torch models."""
