import { readSchema } from './read';

/** A few classes as /object_info tells of them, for tests. */
const fixtureInfo = {
  CheckpointLoaderSimple: {
    input: { required: { ckpt_name: [['tiny.safetensors', 'large.safetensors'], { tooltip: 'the file' }] } },
    input_order: { required: ['ckpt_name'] }, output: ['MODEL', 'CLIP', 'VAE'], output_is_list: [false, false, false], output_name: ['MODEL', 'CLIP', 'VAE'],
    name: 'CheckpointLoaderSimple', display_name: 'Load Checkpoint', description: 'Loads a model.', category: 'loaders', output_node: false,
  },
  CLIPTextEncode: {
    input: { required: { text: ['STRING', { multiline: true, dynamicPrompts: true }], clip: ['CLIP', {}] } },
    input_order: { required: ['text', 'clip'] }, output: ['CONDITIONING'], output_is_list: [false], output_name: ['CONDITIONING'],
    name: 'CLIPTextEncode', display_name: 'CLIP Text Encode (Prompt)', description: 'Encodes a prompt.', category: 'conditioning', output_node: false,
  },
  EmptyLatentImage: {
    input: { required: { width: ['INT', { default: 512, min: 16, max: 16384, step: 8 }], height: ['INT', { default: 512, min: 16, max: 16384, step: 8 }], batch_size: ['INT', { default: 1, min: 1, max: 4096 }] } },
    input_order: { required: ['width', 'height', 'batch_size'] }, output: ['LATENT'], output_is_list: [false], output_name: ['LATENT'],
    name: 'EmptyLatentImage', display_name: 'Empty Latent Image', description: '', category: 'latent', output_node: false,
  },
  KSampler: {
    input: {
      required: {
        model: ['MODEL', {}], seed: ['INT', { default: 0, min: 0, max: 18446744073709551615n, control_after_generate: true }],
        steps: ['INT', { default: 20, min: 1, max: 10000 }], cfg: ['FLOAT', { default: 8, min: 0, max: 100, step: 0.1, round: 0.01 }],
        sampler_name: [['euler', 'heun', 'ddim'], {}], scheduler: [['normal', 'karras'], {}],
        positive: ['CONDITIONING', {}], negative: ['CONDITIONING', {}], latent_image: ['LATENT', {}],
        denoise: ['FLOAT', { default: 1, min: 0, max: 1, step: 0.01 }],
      },
    },
    input_order: { required: ['model', 'seed', 'steps', 'cfg', 'sampler_name', 'scheduler', 'positive', 'negative', 'latent_image', 'denoise'] },
    output: ['LATENT'], output_is_list: [false], output_name: ['LATENT'], name: 'KSampler', display_name: 'KSampler', description: 'Denoises the latent.',
    category: 'sampling', output_node: false,
  },
  VAEDecode: {
    input: { required: { samples: ['LATENT', {}], vae: ['VAE', {}] } }, input_order: { required: ['samples', 'vae'] }, output: ['IMAGE'], output_is_list: [false],
    output_name: ['IMAGE'], name: 'VAEDecode', display_name: 'VAE Decode', description: '', category: 'latent', output_node: false,
  },
  SaveImage: {
    input: { required: { images: ['IMAGE', {}], filename_prefix: ['STRING', { default: 'ComfyUI' }] }, hidden: { prompt: 'PROMPT' } },
    input_order: { required: ['images', 'filename_prefix'], hidden: ['prompt'] }, output: [], output_is_list: [], output_name: [], name: 'SaveImage',
    display_name: 'Save Image', description: 'Saves the pictures.', category: 'image', output_node: true,
  },
};

export const fixtureSchema = readSchema(fixtureInfo);
