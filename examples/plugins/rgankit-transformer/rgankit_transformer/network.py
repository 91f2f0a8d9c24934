"""A causal Transformer (Vaswani et al. 2017) that tells distances by linear biases (ALiBi, Press et al. 2022), so that
it has no longest sequence; layers normalise what they read (Xiong et al. 2020, arXiv:2002.04745)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, TokenSpec
from rgan_kit.nn import IMPOSSIBLE, block_of, exportable, padding_mask, pick, relaxed_choice, scan

if TYPE_CHECKING:
    from rgankit_transformer import TransformerOptions

Cache = tuple[Tensor, Tensor]
"""Keys and values of all steps, each ``[layers, batch, heads, time, size]``."""


class Layer(nn.Module):
    """Attention and a feed-forward network, each added to what it read."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def split(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``[batch, time, width]`` to query, key and value, each ``[batch, heads, time, size]``."""
        batch, time, _ = inputs.shape
        parts = self.query_key_value(self.before_attention(inputs)).view(batch, time, 3, self.heads, self.size)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind()
        return query, key, value

    def forward(self, inputs: Tensor, query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """What the layer makes of its inputs, whose queries look at keys that ``bias`` ``[heads, queries, keys]``
        allows."""
        scores = query @ key.transpose(2, 3) / math.sqrt(self.size) + bias
        read = (torch.softmax(scores, dim=3) @ value).transpose(1, 2).reshape(inputs.shape)
        inputs = inputs + self.dropout(self.out(read))
        return inputs + self.dropout(self.feed(self.before_feed(inputs)))


class TransformerGenerator(nn.Module):
    """``p(x) = Π p(x_t | x_<t, latent, label)``."""

    noise_size = 0
    slopes: Tensor
    in_data: Tensor
    generated: Tensor
    allowed_next: Tensor | None

    def __init__(self, options: TransformerOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        self.data, self.latent_size = data, options.latent_size
        self.embedding = nn.Embedding(data.vocab_size, options.width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.from_latent = nn.Linear(options.latent_size, options.width) if options.latent_size else None
        self.from_label = nn.Embedding(len(data.labels), options.width) if data.labels else None
        self.layers = nn.ModuleList(Layer(options.width, options.heads, options.dropout) for _ in range(options.layers))
        self.last = nn.LayerNorm(options.width)
        self.output = nn.Linear(options.width, data.vocab_size)
        heads = torch.arange(1, options.heads + 1, dtype=torch.float32)
        self.register_buffer("slopes", 2.0 ** (-8.0 * heads / options.heads), persistent=False)
        in_data, generated = torch.zeros(data.vocab_size), torch.zeros(data.vocab_size)
        in_data[list(data.never_in_data)] = IMPOSSIBLE
        generated[list(data.never_generated)] = IMPOSSIBLE
        self.register_buffer("in_data", in_data, persistent=False)
        self.register_buffer("generated", generated, persistent=False)
        grammar = None if data.allowed_next is None else torch.from_numpy(data.allowed_next.copy())
        self.register_buffer("allowed_next", grammar, persistent=False)

    def condition(self, size: int, latent: Tensor | None, labels: Tensor | None) -> Tensor:
        """What is added to the input of every step: ``[size, width]``."""
        added = self.embedding.weight.new_zeros(size, self.embedding.embedding_dim)
        if self.from_latent is not None:
            added = added + self.from_latent(torch.randn(size, self.latent_size) if latent is None else latent)
        if self.from_label is not None:
            added = added + self.from_label(torch.randint(len(self.data.labels), (size,)) if labels is None else labels)
        return added

    def logits(self, hidden: Tensor, previous: Tensor) -> Tensor:
        """Of the next symbol, given the last layer's ``[..., width]`` and the symbol before it."""
        logits = self.output(self.last(hidden)) + self.in_data
        if self.allowed_next is not None:
            logits = logits.masked_fill(~self.allowed_next[previous], IMPOSSIBLE)
        return logits

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Nats of each symbol given those before it: ``[batch, time]``, zero on padding."""
        tokens = batch.values
        size, time = tokens.shape
        previous = F.pad(tokens[:, :-1], (1, 0), value=self.data.bos)
        hidden = self.embedding(previous) + self.condition(size, latent, batch.labels)[:, None]
        steps = torch.arange(time, device=tokens.device)
        bias = self.bias(steps[:, None], steps)
        for layer in self.layers:
            hidden = layer(hidden, *layer.split(hidden), bias)
        nats = F.cross_entropy(self.logits(hidden, previous).flatten(0, 1), tokens.flatten(), reduction="none")
        return -nats.view(size, time) * padding_mask(batch.lengths, time)

    def bias(self, queries: Tensor, keys: Tensor) -> Tensor:
        """``[heads, queries, keys]``: less for what lies further back, impossible for what is yet to come."""
        back = queries - keys
        return torch.where(back >= 0, -self.slopes[:, None, None] * back, IMPOSSIBLE)

    def empty_cache(self, size: int, time: int) -> Cache:
        """Room for so many sequences and steps."""
        layer: Any = self.layers[0]
        keys = self.embedding.weight.new_zeros(len(self.layers), size, layer.heads, time, layer.size)
        return keys, keys.clone()

    def step(self, embedded: Tensor, previous: Tensor, cache: Cache, now: Tensor) -> tuple[Tensor, Cache]:
        """Logits ``[batch, vocabulary]`` for generating the symbol of step ``now``, a scalar; and the cache with it."""
        steps = torch.arange(cache[0].shape[3], device=embedded.device)
        here, bias = (steps == now)[:, None], self.bias(now[None, None], steps)
        hidden, keys, values = embedded[:, None], [], []
        for number, layer in enumerate(self.layers):
            query, key, value = layer.split(hidden)
            keys.append(torch.where(here, key, cache[0][number]))
            values.append(torch.where(here, value, cache[1][number]))
            hidden = layer(hidden, query, keys[-1], values[-1], bias)
        logits = self.logits(hidden[:, 0], previous) + self.generated
        return logits, (torch.stack(keys), torch.stack(values))

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - frozen
    ) -> Batch[Tensor]:
        """Samples with gradients (Gumbel-softmax): ``values`` ``[size, length, vocabulary]``, zero after the end."""
        condition, cache = self.condition(size, latent, labels), self.empty_cache(size, length)
        previous = torch.full((size,), self.data.bos, device=condition.device)
        embedded, alive = self.embedding(previous), torch.ones_like(previous, dtype=torch.bool)
        lengths, chosen = torch.zeros_like(previous), []
        for number in range(length):
            logits, cache = self.step(embedded + condition, previous, cache, torch.tensor(number, device=alive.device))
            choice = relaxed_choice(logits, relaxation)  # [size, vocabulary]
            chosen.append(choice * alive[:, None])
            lengths = lengths + alive
            previous = choice.argmax(dim=1)
            alive = alive & (previous != self.data.eos)
            embedded = choice @ self.embedding.weight
        return Batch(torch.stack(chosen, dim=1), lengths, labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return TransformerSampler(self)


class TransformerSampler(nn.Module):
    """Whole sequences from uniform numbers, as ``docs/model-file.md`` of rgan-kit says."""

    def __init__(self, generator: TransformerGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)
        self.block = block_of(generator.data.vocab_size)

    def forward(
        self, noise: Tensor, temperature: Tensor, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time]`` to tokens int64 ``[batch, time]`` and lengths int64 ``[batch]``."""
        network, data = self.network, self.network.data
        size, time = noise.shape
        condition = network.condition(size, latent, labels) + noise[:, :1] * 0  # its batch is that of the noise
        previous = torch.full_like(noise[:, 0], data.bos, dtype=torch.int64)

        def step(carry: tuple[Tensor, ...], uniform: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
            previous, alive, now, keys, values = carry
            logits, cache = network.step(network.embedding(previous) + condition, previous, (keys, values), now)
            token = torch.where(alive, pick(logits, uniform, temperature, self.block), data.pad)
            return (token, alive & (token != data.eos), now + 1, *cache), token.clone()

        start = (
            previous,
            torch.ones_like(previous, dtype=torch.bool),
            torch.zeros((), dtype=torch.int64),
            *network.empty_cache(size, time),
        )
        tokens = scan(step, start, noise.T).T
        counted = (tokens != data.eos) & (tokens != data.pad)
        return tokens, counted.to(torch.float32).sum(dim=1).to(torch.int64)
