"""Everything that writes statistics."""
