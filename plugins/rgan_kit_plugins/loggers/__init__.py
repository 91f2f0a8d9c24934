"""Built-in loggers: lifecycle hooks that write what a training tells elsewhere."""
