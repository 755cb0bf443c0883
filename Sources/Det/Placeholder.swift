enum DetPlaceholder {}
