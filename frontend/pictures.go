package frontend

// Pictures converts picture files for clients. Errors say what is wrong with a file; too large pictures are refused before they are decoded.
type Pictures interface {
	// ConvertPicture reads a file and writes it anew.
	ConvertPicture(path string, as PictureFormat) ([]byte, error)
	// EncodePicture is ConvertPicture for the content of a file.
	EncodePicture(file []byte, as PictureFormat) ([]byte, error)
	// ReplaceAlpha is the picture of a file with the alpha of another one, as a file with the extension ext; texts of a PNG are kept.
	ReplaceAlpha(original string, mask []byte, ext string) ([]byte, error)
}

// PictureFormat is how a picture is written.
type PictureFormat struct {
	Type    string // png, webp or jpeg
	Quality int    // 1 to 100, of webp and jpeg
	Channel string // "rgba"; "rgb" leaves alpha out; "a" is black with the alpha
	Side    int    // the longer side in pixels at most; 0 keeps the size
}
