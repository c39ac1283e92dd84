"""Everything that reads or writes statistics: completing, mending, importing, taking back."""
