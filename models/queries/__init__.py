"""Every read and claim, one file per subject."""
