"""What statistics should hold: plans made from rows, without any I/O."""
