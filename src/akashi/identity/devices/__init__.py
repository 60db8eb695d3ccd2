"""The life of a device: asked for, approved, issued, installed, renewed, handed on, lost."""
