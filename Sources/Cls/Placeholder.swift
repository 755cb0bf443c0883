enum ClsPlaceholder {}
