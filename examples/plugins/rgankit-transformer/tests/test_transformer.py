"""The Transformer meets the requirements of a generator, and its steps agree with its whole pass."""

import torch
from rgankit_transformer import TRANSFORMER

from rgan_kit.contracts import Batch
from rgan_kit.testing import GeneratorContract, RecipeContract
from rgan_kit.testing.examples import example_batch, example_spec

SMALL = {"width": 8, "heads": 2, "layers": 2, "dropout": 0.0, "latent_size": 3}


class TestTransformer(GeneratorContract):
    spec, plugin, options = TRANSFORMER, "rgankit_transformer", SMALL


class TestRecipe(RecipeContract):
    recipe, domains = "transformer-gan", ("text",)
    settings = (
        "generator.width=8", "generator.heads=2", "discriminator.hidden_size=4", "discriminator.embedding_size=4",
        "domain.embedded_sentences=100", "train.batch_size=4", "train.evaluation_samples=4",
    )  # fmt: skip


def test_steps_from_the_cache_give_the_likelihoods_of_the_whole_pass():
    data = example_spec("tokens")
    torch.manual_seed(0)
    network = TRANSFORMER.build(TRANSFORMER.options(**SMALL), data).eval()
    network.generated.zero_()  # here as in teacher forcing, any symbol may come
    tokens, latent = example_batch(data, (7, 7)).values, torch.randn(2, 3)
    condition, cache = network.condition(2, latent, None), network.empty_cache(2, 7)
    previous, nats = torch.full((2,), data.bos), []
    for now in range(7):
        embedded = network.embedding(previous) + condition
        logits, cache = network.step(embedded, previous, cache, torch.tensor(now))
        nats.append(logits.log_softmax(1).gather(1, tokens[:, now, None])[:, 0])
        previous = tokens[:, now]
    whole = network.log_probs(Batch(tokens, torch.tensor([7, 7])), latent)
    assert torch.allclose(torch.stack(nats, 1), whole, atol=1e-5)
