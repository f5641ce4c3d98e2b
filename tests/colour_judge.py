"""An image-text model that sees the mean colour of an image and reads texts from a table of colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from dreamcore.image_text import ImageTextModel

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
Colour = tuple[int, int, int]


class ColourJudge(ImageTextModel):
    def __init__(self, texts: Mapping[str, Colour]) -> None:
        self.identity, self.device, self.image_size = "colours", torch.device("cpu"), 4
        self.texts = dict(texts)

    def embed_images(self, images: Tensor) -> Tensor:
        return F.normalize(images.mean((2, 3)), dim=1)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        return F.normalize(torch.tensor([self.texts[text] for text in texts], dtype=torch.float32), dim=1)
