package nodes

import (
	"slices"

	"github.com/oneactor/oneactor/graph"
)

// Builtin lists every node class of the program.
func Builtin() []graph.Declaration {
	return slices.Concat(
		loaderNodes(),
		loraNodes(),
		modelMergeNodes(),
		modelSaveNodes(),
		attentionMultiplyNodes(),
		networkPatchNodes(),
		conditioningNodes(),
		pictureConditioningNodes(),
		unclipNodes(),
		conditioningHookNodes(),
		conditioningSDXLNodes(),
		controlNetNodes(),
		gligenNodes(),
		visionNodes(),
		vaeNodes(),
		samplingNodes(),
		samplingCustomNodes(),
		samplerNodes(),
		sigmaScheduleNodes(),
		sigmaEditNodes(),
		guiderNodes(),
		modelGuidanceNodes(),
		modelSamplingNodes(),
		latentNodes(),
		latentBatchNodes(),
		latentMathNodes(),
		latentFileNodes(),
		imageNodes(),
		imageTransformNodes(),
		imageCompositeNodes(),
		imageFilterNodes(),
		imageLoadNodes(),
		imageSaveNodes(),
		imageAnimatedNodes(),
		upscaleNodes(),
		maskNodes(),
		actorNodes(),
		clusterNodes(),
		storybookNodes(),
		actorScoreNodes(),
		gridNodes(),
		primitiveNodes(),
		stringNodes(),
		regexNodes(),
		actorTuneNodes(),
		projectorNodes(),
		trainNodes(),
	)
}
