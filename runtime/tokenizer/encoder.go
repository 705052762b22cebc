package tokenizer

// Encoder is a kind of text encoder. They share the vocabulary and differ in what fills a chunk.
type Encoder uint8

// The text encoders of Stable Diffusion.
const (
	EncoderL Encoder = iota // CLIP-L: SD 1.x and SDXL
	EncoderG                // OpenCLIP bigG: SDXL and its refiner
	EncoderH                // OpenCLIP H: SD 2.x
)

var encoders = [...]struct {
	key string
	pad int
}{
	EncoderL: {"clip_l", EOS},
	EncoderG: {"clip_g", 0},
	EncoderH: {"clip_h", 0},
}

// Key is the encoder's name in files that hold vectors for several of them.
func (e Encoder) Key() string { return encoders[e].key }

// String is the key.
func (e Encoder) String() string { return e.Key() }

// Pad is the id behind EOS.
func (e Encoder) Pad() int { return encoders[e].pad }

// Empty is the chunk of a prompt without text: BOS, EOS, padding.
func (e Encoder) Empty() []Token {
	return pad([]Token{mark(BOS), mark(EOS)}, e)
}
