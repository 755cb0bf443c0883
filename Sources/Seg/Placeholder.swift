enum SegPlaceholder {}
