"""Small scenes that are fresh and yet look like something, and one that is empty."""

from __future__ import annotations

from dataclasses import replace

import torch

from dreamcore.config import CameraConfig, GridFieldConfig, RenderConfig, SceneConfig
from dreamcore.scene import Progress, Scene

CONFIG = SceneConfig(
    steps=4,
    field=GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=8, blob_radius=0.5),
    camera=CameraConfig(radius=(2.0, 3.0), focal=(0.5, 0.7), focal_follows_radius=True),
    render=RenderConfig(prune_resolution=8),
)


def blob(prompt: str = "a cup", seed: int = 0, config: SceneConfig = CONFIG) -> Scene:
    """A ball with a rough, coloured skin, and a dent."""
    scene = Scene.create(prompt, seed, config)
    scene.tensors["parameter.output_bias"][0, 1:] = torch.tensor([2.0, 0.0, -2.0])
    scene.tensors["parameter.table"].mul_(3e3)
    return replace(scene, progress=Progress(step=config.steps))


def empty(prompt: str = "a cup", seed: int = 0) -> Scene:
    scene = blob(prompt, seed)
    scene.tensors["parameter.output_bias"][0, 0] = -100.0
    return scene
