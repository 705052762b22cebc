"""The text encoder: CLIP's layout with CLIP's own module names, small. [B,77] ids -> [B,77,D]."""
import torch
import torch.nn as nn
import torch.nn.functional as F

HEAD_DIM = 64


class Attention(nn.Module):
    """causal, heads of 64"""

    def __init__(self, dim):
        super().__init__()
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = (f(x).view(b, n, d // HEAD_DIM, HEAD_DIM).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        return self.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, n, d))


class MLP(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h))  # quick GELU


class Layer(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.self_attn, self.layer_norm1 = Attention(dim), nn.LayerNorm(dim)
        self.mlp, self.layer_norm2 = MLP(dim, hidden), nn.LayerNorm(dim)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class TextEncoder(nn.Module):
    def __init__(self, dim=64, layers=3, hidden=256, vocabulary=49408, length=77):
        super().__init__()
        self.embeddings, self.encoder = nn.Module(), nn.Module()
        self.embeddings.token_embedding = nn.Embedding(vocabulary, dim)
        self.embeddings.position_embedding = nn.Embedding(length, dim)
        nn.init.normal_(self.embeddings.token_embedding.weight, std=0.1)
        nn.init.normal_(self.embeddings.position_embedding.weight, std=0.05)
        self.encoder.layers = nn.ModuleList(Layer(dim, hidden) for _ in range(layers))
        self.final_layer_norm = nn.LayerNorm(dim)

    def forward(self, ids, tokens=None):
        """tokens [B,77,D]: token embeddings in place of the table's"""
        x = self.embeddings.token_embedding(ids) if tokens is None else tokens
        x = x + self.embeddings.position_embedding.weight[:ids.shape[1]]
        for layer in self.encoder.layers:
            x = layer(x)
        return self.final_layer_norm(x)
