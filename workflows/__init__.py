"""What may happen next: state machines, cause trees and deadlines, as plain data and pure functions."""
