"""What fails, by kind: a list of functions each, which set one failure up."""
