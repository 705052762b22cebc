package comfy

import "strings"

// samplerOf is the sampler and schedule that A1111 means by a sampler name, to which older versions add the schedule, and by the schedule
// type of newer ones; ok is false if there is no such sampler here.
func samplerOf(name, schedule string) (sampler, scheduler string, ok bool) {
	key := strings.ToLower(strings.TrimSpace(name))
	for _, s := range scheduleWords {
		if rest, found := strings.CutSuffix(key, " "+s.word); found {
			if _, known := samplerNames[rest]; known {
				key, scheduler = rest, s.scheduler
				break
			}
		}
	}
	s, ok := samplerNames[key]
	if !ok {
		return "euler", "normal", false
	}
	schedule = strings.ToLower(strings.TrimSpace(schedule))
	switch {
	case scheduler != "":
	case schedule == "automatic":
		scheduler = s.automatic
	case schedule != "":
		scheduler, ok = scheduleNames[schedule]
		if !ok {
			scheduler = "normal"
		}
	case s.automatic == "ddim_uniform":
		scheduler = s.automatic
	default:
		scheduler = "normal" // before there were schedule types, a name without one meant A1111's uniform steps
	}
	return s.name, scheduler, ok
}

type samplerName struct {
	name      string // ComfyUI's
	automatic string // what "Automatic" chooses
}

var samplerNames = map[string]samplerName{
	"euler": {"euler", "normal"}, "euler a": {"euler_ancestral", "normal"}, "euler cfg++": {"euler_cfg_pp", "normal"},
	"euler a cfg++": {"euler_ancestral_cfg_pp", "normal"}, "lms": {"lms", "normal"}, "heun": {"heun", "normal"}, "heun++": {"heunpp2", "normal"},
	"dpm2": {"dpm_2", "karras"}, "dpm2 a": {"dpm_2_ancestral", "karras"}, "dpm fast": {"dpm_fast", "normal"}, "dpm adaptive": {"dpm_adaptive", "normal"},
	"dpm++ 2s a": {"dpmpp_2s_ancestral", "karras"}, "dpm++ 2m": {"dpmpp_2m", "karras"}, "dpm++ sde": {"dpmpp_sde", "karras"},
	"dpm++ 2m sde": {"dpmpp_2m_sde", "exponential"}, "dpm++ 2m sde heun": {"dpmpp_2m_sde_heun", "exponential"}, "dpm++ 3m sde": {"dpmpp_3m_sde", "exponential"},
	"ddim": {"ddim", "ddim_uniform"}, "ddpm": {"ddpm", "normal"}, "unipc": {"uni_pc", "normal"}, "lcm": {"lcm", "sgm_uniform"},
	"ipndm": {"ipndm", "normal"}, "ipndm_v": {"ipndm_v", "normal"}, "deis": {"deis", "normal"}, "er sde": {"er_sde", "normal"},
	"res multistep": {"res_multistep", "normal"}, "gradient estimation": {"gradient_estimation", "normal"},
}

// scheduleWords end sampler names of older versions, longer ones first.
var scheduleWords = []struct{ word, scheduler string }{
	{"karras", "karras"}, {"exponential", "exponential"}, {"sgm uniform", "sgm_uniform"}, {"simple", "simple"}, {"normal", "normal"}, {"beta", "beta"},
}

var scheduleNames = map[string]string{
	"karras": "karras", "exponential": "exponential", "uniform": "normal", "sgm uniform": "sgm_uniform", "simple": "simple", "normal": "normal",
	"ddim": "ddim_uniform", "ddim uniform": "ddim_uniform", "beta": "beta", "kl optimal": "kl_optimal", "linear quadratic": "linear_quadratic",
}

// latentUpscalers are the methods of LatentUpscale by A1111's names; there the antialiased ones are the same but for small pictures.
var latentUpscalers = map[string]string{
	"latent": "bilinear", "latent (antialiased)": "bilinear", "latent (bicubic)": "bicubic", "latent (bicubic antialiased)": "bicubic",
	"latent (nearest)": "nearest-exact", "latent (nearest-exact)": "nearest-exact",
}

// pictureUpscalers are methods of ImageScale.
var pictureUpscalers = map[string]string{"lanczos": "lanczos", "nearest": "nearest-exact", "none": "bicubic"}
