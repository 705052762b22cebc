package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func imageLoadNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[LoadImage](),
		graph.Declare[LoadImageMask](),
		graph.Declare[LoadImageOutput](),
	}
}

// LoadImage reads a picture of the input folder.
type LoadImage struct {
	_ graph.Meta `category:"image" title:"Load Image" module:"nodes"`

	Image string `choices:"input/pictures" upload:"image" check:"self"`
}

// Run gives the picture and what is transparent in it.
func (n LoadImage) Run(ctx context.Context) (PictureAndMask, error) { return loadPicture(ctx, n.Image) }

// Fingerprint changes with the file.
func (n LoadImage) Fingerprint(ctx context.Context) (string, error) { return fileHash(ctx, n.Image) }

// Check wants the file to exist.
func (n LoadImage) Check(ctx context.Context) error { return fileExists(ctx, n.Image) }

// LoadImageOutput reads a picture of the output folder; the client fills the drop-down.
type LoadImageOutput struct {
	_ graph.Meta `category:"image" title:"Load Image (from Outputs)" module:"nodes" experimental:"true"`

	Image string `type:"COMBO" upload:"image" opts:"{\"image_folder\": \"output\", \"remote\": {\"route\": \"/internal/files/output\", \"refresh_button\": true, \"control_after_refresh\": \"first\"}}" check:"self"`
}

// Run gives the picture and what is transparent in it.
func (n LoadImageOutput) Run(ctx context.Context) (PictureAndMask, error) {
	return loadPicture(ctx, n.Image)
}

// Fingerprint changes with the file.
func (n LoadImageOutput) Fingerprint(ctx context.Context) (string, error) {
	return fileHash(ctx, n.Image)
}

// Check wants the file to exist.
func (n LoadImageOutput) Check(ctx context.Context) error { return fileExists(ctx, n.Image) }

// LoadImageMask reads a channel of a picture.
type LoadImageMask struct {
	_ graph.Meta `category:"mask" title:"Load Image (as Mask)" module:"nodes"`

	Image   string `choices:"input/pictures" upload:"image" check:"self"`
	Channel string `enum:"alpha|red|green|blue"`
}

// Run takes alpha inverted: transparent is marked.
func (n LoadImageMask) Run(ctx context.Context) (runtime.Mask, error) {
	path, err := runtime.FromContext(ctx).Folders.Existing(n.Image)
	if err != nil {
		return runtime.Mask{}, err
	}
	return runtime.LoadImageMask(path, n.Channel)
}

// Fingerprint changes with the file.
func (n LoadImageMask) Fingerprint(ctx context.Context) (string, error) {
	return fileHash(ctx, n.Image)
}

// Check wants the file to exist.
func (n LoadImageMask) Check(ctx context.Context) error { return fileExists(ctx, n.Image) }

func loadPicture(ctx context.Context, name string) (PictureAndMask, error) {
	path, err := runtime.FromContext(ctx).Folders.Existing(name)
	if err != nil {
		return PictureAndMask{}, err
	}
	picture, mask, err := runtime.LoadImage(path)
	return PictureAndMask{picture, mask}, err
}

// fileHash is the SHA-256 of a file that a client named.
func fileHash(ctx context.Context, name string) (string, error) {
	path, err := runtime.FromContext(ctx).Folders.Existing(name)
	if err != nil {
		return "", err
	}
	return runtime.HashFile(path)
}

func fileExists(ctx context.Context, name string) error {
	_, err := runtime.FromContext(ctx).Folders.Existing(name)
	return err
}
