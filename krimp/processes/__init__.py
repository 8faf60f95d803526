"""One mechanism a file; `krimp.engine.month` lists them in the order of the month."""
