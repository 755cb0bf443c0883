enum ToolSupportPlaceholder {}
