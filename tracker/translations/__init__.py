"""Chinese texts, one part per feature (`zh/*.po`), and the step that makes the library's file of them."""
