"""The start of the cross-attention: half of its heads look at the noun that belongs to their half of the picture.

Of 77 embeddings most are padding. Uniform attention gives the noun 1/77 of the weight, and a UNet that starts so learns hardly anything from the
noun's position, the place where OneActor puts its delta. So every even head starts with
    query row 0: a constant                     key row 0: 1 at nouns, 0 elsewhere
    query row 1: -1 at the left, +1 at the right    key row 1: -1 at the first noun, +1 at the second, 0 elsewhere
and its score is NOUN at a noun, BIND more at the noun of its own side, BIND less at the other. A picture with one noun is read as without the
second row. All four rows are linear (ridge regression on what the network computes at the start) and are trained on like every other weight.

No feature of a fresh UNet says where it is; convolutions can, from their zero padding. The place loss teaches query row 1 to.
"""
import torch
from unet import HEADS, TransformerBlock

NOUN, BIND = 10.0, 6.0  # scores of attention, before softmax
QUERY = 3.0             # size of the query rows


def ridge(features, targets, weights, damping):
    """-> weight vector of the best linear reader with a constant of its own, which attention does not need"""
    total = weights.sum()
    features = features - (weights[:, None] * features).sum(0) / total
    targets = targets - (weights * targets).sum() / total
    square = features.T @ (weights[:, None] * features) / total + damping * torch.eye(features.shape[1])
    return torch.linalg.solve(square, features.T @ (weights * targets) / total)


def place(positions):
    """[N] -1 at the left, +1 at the right, a ramp in the two middle columns; positions: of a square picture, row by row"""
    side = int(positions ** 0.5)
    column = torch.arange(positions) % side
    return ((2 * column - side + 1) * 2 / side).clamp(-1, 1)


def key_rows(samples):
    """samples: (context [B,77,D], captions) -> rows (noun, first or second noun)"""
    features, order = [], []
    for context, captions in samples:
        y = torch.zeros(context.shape[:2])
        for i, caption in enumerate(captions):
            for k, noun in enumerate(caption.nouns):
                y[i, noun.position] = 2 * k - 1
        features.append(context.flatten(0, 1)), order.append(y.flatten())
    features, order = torch.cat(features), torch.cat(order)
    noun = (order != 0).float()
    weights = torch.ones_like(noun)
    for kind in (-1, 1):  # both nouns count as much as all the rest
        weights[order == kind] = 0.5 * (order == 0).sum() / (order == kind).sum()
    return ridge(features, noun, weights, 0.3), ridge(features, order, weights, 0.3)


def cross_attentions(unet):
    """in order of evaluation"""
    return [m.attn2 for m in unet.modules() if isinstance(m, TransformerBlock)]


@torch.no_grad()
def start_heads(unet, samples):
    """samples: list of (noisy latents, timesteps, context, captions)"""
    noun, second = key_rows([(context, captions) for _, _, context, captions in samples])
    for attention in cross_attentions(unet):  # each on the features that the earlier ones make
        seen = []
        hook = attention.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        for z, t, context, _ in samples[:8]:
            unet(z, t, context)
        hook.remove()
        features = torch.cat(seen)
        where = place(features.shape[1]).repeat(len(features))
        features = features.flatten(0, 1)
        square = features.T @ features / len(features) + 0.02 * torch.eye(features.shape[1])
        constant, side = torch.linalg.solve(square, torch.stack([features.mean(0), (features * where[:, None]).mean(0)], 1)).T
        query, key = attention.to_q.weight, attention.to_k.weight
        head = len(query) // HEADS
        for row in range(0, len(query), 2 * head):
            query[row:row + head] *= 0.3
            key[row:row + head] *= 0.3
            query[row], query[row + 1] = QUERY * constant, QUERY * side
            key[row], key[row + 1] = noun * (NOUN / QUERY * head ** 0.5), second * (BIND / QUERY * head ** 0.5)


class PlaceLoss:
    """mean squared error of query row 1 of the even heads against the place, over all cross-attentions"""

    def __init__(self, unet):
        self.seen = []
        for attention in cross_attentions(unet):
            attention.to_q.register_forward_hook(lambda _, inputs, queries: self.seen.append(queries))

    def take(self):
        losses = []
        for queries in self.seen:
            b, n, d = queries.shape
            side = queries.view(b, n, HEADS, d // HEADS)[:, :, ::2, 1] / QUERY
            losses.append(((side - place(n)[:, None]) ** 2).mean())
        self.seen.clear()
        return torch.stack(losses).mean()
