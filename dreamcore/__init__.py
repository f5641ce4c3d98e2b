"""DreamFusion in PyTorch: neural fields optimised by score distillation against a frozen text-to-image model."""
