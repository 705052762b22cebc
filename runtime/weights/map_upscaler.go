package weights

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OpenUpscaler reads an upscale model: its weights may lie under the names of a training's state, those of the average first, and under a
// wrapper's prefix. RRDB networks (ESRGAN and its relatives) get the names of Real-ESRGAN. Which network it is, package model tells.
func OpenUpscaler(path string) (*Set, error) {
	return opened(path, func(f *File) (*Set, error) {
		all := f.All()
		for _, outer := range []string{"", "model_state_dict.", "state_dict.", "params_ema.", "params-ema.", "params.", "model.", "net.", "generator."} {
			for _, inner := range []string{"", "module.", "netG.", "generator."} {
				if s := canonicalUpscaler(all.Sub(outer + inner)); s != nil {
					return s, nil
				}
			}
		}
		return nil, fmt.Errorf("no upscale model in it; %s: %w", describeFile(all), ErrFormat)
	})
}

// upscalerMarks are tensors that only upscale models (and their likes for restoration) have. The first row that fits names the network; an empty
// name says that the set is one, whatever its name.
var upscalerMarks = []struct{ kind, tensor string }{
	{"RRDB", "body.0.rdb1.conv1.weight"},
	{"RRDB", "RRDB_trunk.0.RDB1.conv1.weight"},
	{"RRDB", "model.1.sub.0.RDB1.conv1.0.weight"},
	{"RRDB", "model.1.sub.0.RDB1.conv1x1.weight"},
	{"SPAN", "block_1.c1_r.sk.weight"},
	{"RealPLKSR", "feats.1.channel_mixer.0.weight"},
	{"PLKSR", "feats.1.channe_mixer.0.weight"}, // the misspelling is the files'
	{"DAT", "layers.0.blocks.0.attn.dwconv.0.weight"},
	{"RGT", "layers.0.blocks.0.attn.attns.0.rpe_biases"},
	{"HAT", "layers.0.residual_group.blocks.0.conv_block.cab.0.weight"},
	{"ATD", "layers.0.residual_group.layers.0.sigma"},
	{"CRAFT", "layers.0.residual_group.hf_blocks.0.attn.temperature"},
	{"GRL", "layers.0.blocks.0.attn.window_attn.attn_transform.logit_scale"},
	{"DRCT", "layers.0.swin1.attn.qkv.weight"},
	{"Swin2SR", "layers.0.residual_group.blocks.0.attn.logit_scale"},
	{"SwinIR", "layers.0.residual_group.blocks.0.attn.relative_position_bias_table"},
	{"OmniSR", "residual_layer.0.residual_layer.0.layer.0.fn.0.weight"},
	{"Real-CUGAN", "unet1.conv1.conv.0.weight"},
	{"SAFMN", "feats.0.safm.mfr.0.weight"},
	{"SAFMN BCIE", "feats.0.layers.0.safm.mfr.0.weight"},
	{"MoSR", "gblocks.1.fc1.weight"},
	{"MoESR", "blocks.0.blocks.0.conv.dwconv_hw.weight"},
	{"SeemoRe", "body.0.local_block.norm_1.weight"},
	{"FDAT", "groups.0.blocks.0.inter.cg.1.weight"},
	{"RCAN", "body.0.body.0.body.3.conv_du.0.weight"},
	{"DITN", "UFONE.0.ITLs.0.attn.temperature"},
	{"DCTLSA", "B1.body.0.transformer_body.0.blocks.0.attn.qkv.weight"},
	{"Swift-SRGAN", "initial.cnn.depthwise.weight"},
	{"AuraSR", "mid_attn.layers.0.0.to_out.weight"},
	{"IPT", "head.0.1.body.0.weight"},
	{"SCUNet", "m_body.0.trans_block.msa.relative_position_params"},
	{"NAFNet", "middle_blks.0.beta"},
	{"KBNet", "middle_blks.0.w"},
	{"GFPGAN", "stylegan_decoder.style_mlp.1.weight"},
	{"RestoreFormer", "quantize.embedding.weight"},
	{"LaMa", "model.1.bn_l.running_mean"},
	{"FBCNN", "qf_pred.0.res.0.weight"},
	{"DRUNet", "m_down1.0.res.0.weight"},
	{"Uformer", "encoderlayer_0.blocks.0.norm1.weight"},
	{"MixDehazeNet", "layer1.blocks.0.conv3_19.weight"},
	{"RetinexFormer", "body.0.estimator.conv1.weight"},
	{"FFTformer", "encoder_level1.0.ffn.fft"},
	{"HVI-CIDNet", "HVE_block0.1.weight"},
}

// UpscalerKind names the network of an upscale model, "" when it is none.
func UpscalerKind(s *Set) string {
	if s.Has("am_list.0.fc.0.weight") {
		return "MM-RealSR" // an RRDB network with more around it
	}
	for _, m := range upscalerMarks {
		if s.Has(m.tensor) {
			return m.kind
		}
	}
	// A compact network is a list of convolutions and slopes; a part of a larger file may begin alike.
	if first, ok := s.Ref("body.0.weight"); ok && len(first.Shape) == 4 && s.Has("body.1.weight") {
		return "Compact"
	}
	return ""
}

func canonicalUpscaler(s *Set) *Set {
	switch UpscalerKind(s) {
	case "":
		return nil
	case "RRDB":
		return rrdbNames(s)
	}
	return s
}

var (
	rrdbOldBlock = regexp.MustCompile(`^model\.1\.sub\.(\d+)\.RDB(\d)\.(conv\dx?\d?)(?:\.0)?\.`)
	rrdbTrunk    = regexp.MustCompile(`^RRDB_trunk\.(\d+)\.RDB(\d)\.`)
	rrdbOldTop   = regexp.MustCompile(`^model\.(\d+)\.(weight|bias)$`)
	rrdbOldLast  = regexp.MustCompile(`^model\.1\.sub\.\d+\.(weight|bias)$`)
)

// rrdbModules is what BSRGAN and the second ESRGAN call the modules of Real-ESRGAN.
var rrdbModules = modules{"trunk_conv": "conv_body", "HRconv": "conv_hr", "upconv1": "conv_up1", "upconv2": "conv_up2", "upconv3": "conv_up3"}

// rrdbNames gives an RRDB network the names of Real-ESRGAN: conv_first, body.<i>.rdb<j>.conv<k>, conv_body, conv_up<n>, conv_hr, conv_last. The
// oldest files number their modules; of the convolutions outside the body the last two are conv_hr and conv_last.
func rrdbNames(s *Set) *Set {
	var top []int
	for name := range s.refs {
		if m := rrdbOldTop.FindStringSubmatch(name); m != nil && m[2] == "weight" {
			n, _ := strconv.Atoi(m[1]) // too long a number is 0, and the file lacks a weight then
			top = append(top, n)
		}
	}
	slices.Sort(top)
	names := map[string]string{}
	for i, n := range top {
		to := fmt.Sprintf("conv_up%d", i)
		switch i {
		case 0:
			to = "conv_first"
		case len(top) - 2:
			to = "conv_hr"
		case len(top) - 1:
			to = "conv_last"
		}
		names[fmt.Sprintf("model.%d.", n)] = to + "."
	}
	refs := make(map[string]Ref, s.Len())
	for name, r := range s.refs {
		refs[rrdbName(name, names)] = r
	}
	return newSet(refs)
}

func rrdbName(name string, top map[string]string) string {
	if m := rrdbOldTop.FindStringSubmatch(name); m != nil {
		return top["model."+m[1]+"."] + m[2]
	}
	if m := rrdbOldLast.FindStringSubmatch(name); m != nil {
		return "conv_body." + m[1]
	}
	if strings.HasPrefix(name, "model.") {
		return rrdbOldBlock.ReplaceAllString(name, "body.$1.rdb$2.$3.")
	}
	name = rrdbTrunk.ReplaceAllString(name, "body.$1.rdb$2.")
	name, _ = rrdbModules.rename(name)
	return name
}
