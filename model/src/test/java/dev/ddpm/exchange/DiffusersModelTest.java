package dev.ddpm.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.checkpoint.FlatTensors;
import dev.ddpm.checkpoint.LocalFileStore;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.NamedTensors;
import dev.ddpm.checkpoint.SafetensorsWriter;
import dev.ddpm.checkpoint.TensorFile;
import dev.ddpm.checkpoint.TensorHeader;
import dev.ddpm.diffusion.Batch;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.diffusion.Preset;
import dev.ddpm.diffusion.ScheduleSpec;
import dev.ddpm.fuzz.Fuzz;
import dev.ddpm.golden.GoldenFile;
import dev.ddpm.image.ClassLabels;
import dev.ddpm.network.LabmlUNet;
import dev.ddpm.network.ParameterLayout;
import dev.ddpm.network.Unet2d;
import dev.ddpm.network.WeightInitializer;
import dev.ddpm.network.block.TimeEncoding;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiffusersModelTest {
  private static final JsonMapper JSON = new JsonMapper();

  /** What google/ddpm-cifar10-32 says of itself, in a smaller size. */
  private static final String HO =
      """
      {"_class_name": "UNet2DModel", "_diffusers_version": "0.0.4", "act_fn": "silu",
       "attention_head_dim": null, "block_out_channels": [16, 32, 32],
       "center_input_sample": false,
       "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D"],
       "downsample_padding": 0, "flip_sin_to_cos": false, "freq_shift": 1, "in_channels": 3,
       "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-06,
       "norm_num_groups": 8, "out_channels": 3, "sample_size": 16,
       "time_embedding_type": "positional",
       "up_block_types": ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D"]}
      """;

  private static final Unet2d HO_NETWORK =
      new Unet2d(
          3,
          16,
          16,
          List.of(16, 32, 32),
          List.of(false, true, false),
          2,
          8,
          1e-6,
          0,
          Unet2d.Middle.PLAIN,
          TimeEncoding.SINES_FIRST,
          0,
          false,
          0,
          0,
          false);

  private static final String SCHEDULER =
      """
      {"_class_name": "DDPMScheduler", "beta_end": 0.02, "beta_schedule": "linear",
       "beta_start": 0.0001, "clip_sample": true, "num_train_timesteps": 1000,
       "trained_betas": null, "variance_type": "fixed_large"}
      """;

  @TempDir private Path folder;

  private static NamedTensors golden() {
    GoldenFile golden = GoldenFile.open("unet2d_ho_small");
    NamedTensors tensors = new NamedTensors();
    for (ParameterLayout.Entry tensor : ParameterLayout.of(HO_NETWORK).tensors()) {
      tensors.add(new TensorHeader(tensor.name(), tensor.shape()), golden.values(tensor.name()));
    }
    return tensors;
  }

  private static NamedTensors renamed(NamedTensors tensors, UnaryOperator<String> name) {
    NamedTensors renamed = new NamedTensors();
    for (TensorHeader header : tensors.headers()) {
      renamed.add(
          new TensorHeader(name.apply(header.name()), header.shape()),
          () -> tensors.values(header.name()));
    }
    return renamed;
  }

  private static String oldName(String name) {
    return name.replace(".to_q.", ".query.")
        .replace(".to_k.", ".key.")
        .replace(".to_v.", ".value.")
        .replace(".to_out.0.", ".proj_attn.");
  }

  private Path write(String path, String text) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private void pipeline(String network, String scheduler) throws IOException {
    write("model_index.json", "{\"_class_name\": \"DDPMPipeline\"}");
    write("unet/config.json", network);
    write("scheduler/scheduler_config.json", scheduler);
  }

  private void bin(String path, NamedTensors tensors) throws IOException {
    try (OutputStream out = Files.newOutputStream(folder.resolve(path))) {
      TorchWriter.write(out, "diffusion_pytorch_model", tensors);
    }
  }

  private void safetensors(String path, NamedTensors tensors) throws IOException {
    try (OutputStream out = Files.newOutputStream(folder.resolve(path))) {
      SafetensorsWriter.write(out, tensors);
    }
  }

  private DiffusersModel model() {
    return new DiffusersModel(folder, Optional.empty(), Optional.empty());
  }

  private static ModelDescription description(ForeignModel model) {
    return model.description(
        List.of(new TensorHeader("mid_block.attentions.0.group_norm.weight", List.of(32))));
  }

  private static float[] flat(ModelFolder model) {
    return new FlatTensors(ParameterLayout.of(model.description().architecture()))
        .read(model, TensorFile.WEIGHTS);
  }

  private static float[] goldenFlat() {
    ParameterLayout layout = ParameterLayout.of(HO_NETWORK);
    float[] flat = new float[(int) layout.size()];
    NamedTensors golden = golden();
    layout.tensors().forEach(t -> layout.fromStateDict(t, golden.values(t.name()), flat));
    return flat;
  }

  @Test
  void aPipelineWithTheNamesOfItsFirstVersionsPredictsWhatItPredictedThere() throws IOException {
    pipeline(HO, SCHEDULER);
    bin("unet/diffusion_pytorch_model.bin", renamed(golden(), DiffusersModelTest::oldName));

    ModelFolder model = GoldenFolder.imported(model(), folder.resolve("model"));

    assertThat(model.description())
        .isEqualTo(
            new ModelDescription(
                HO_NETWORK,
                ClassLabels.NONE,
                ScheduleSpec.PAPER,
                Prediction.EPSILON,
                Preset.PAPER,
                DataRange.MINUS_ONE_TO_ONE,
                Map.of(
                    "sampling.sampler", "ddpm",
                    "sampling.spacing", "leading",
                    "sampling.steps-offset", "0",
                    "sampling.thresholding", "clip",
                    "sampling.clip-range", "1.0",
                    "sampling.variance", "fixed-large"),
                Map.of("import.diffusers", "0.0.4")));
    assertThat(flat(model)).isEqualTo(goldenFlat());
    GoldenFile golden = GoldenFile.open("unet2d_ho_small");
    float[] x = golden.image("x_t");
    float[] t = golden.values("t");
    float[] predicted = new float[x.length];
    Dl4jNetwork.pretrained(model.description().architecture(), flat(model), Precision.FLOAT32)
        .predict(Batch.unconditional(t.length, x, t), predicted);
    assertThat(GoldenFile.largestDifference(predicted, golden.image("eps_theta")))
        .isLessThan(2e-5f);
  }

  @Test
  void theNetworkAloneAndInParts() throws IOException {
    write("config.json", HO);
    NamedTensors golden = golden();
    Map<String, NamedTensors> parts = new LinkedHashMap<>();
    Map<String, String> map = new HashMap<>();
    for (TensorHeader header : golden.headers()) {
      String part = "part-" + header.name().hashCode() % 2 + ".safetensors";
      map.put(header.name(), part);
      parts
          .computeIfAbsent(part, any -> new NamedTensors())
          .add(header, () -> golden.values(header.name()));
    }
    for (Map.Entry<String, NamedTensors> part : parts.entrySet()) {
      safetensors(part.getKey(), part.getValue());
    }
    write(
        "diffusion_pytorch_model.safetensors.index.json",
        JSON.writeValueAsString(Map.of("metadata", Map.of(), "weight_map", map)));

    ModelFolder model = GoldenFolder.imported(model(), folder.resolve("model"));

    assertThat(flat(model)).isEqualTo(goldenFlat());
    assertThat(model.description().schedule()).isEqualTo(ScheduleSpec.PAPER);
  }

  @Test
  void partsAreFilesBesideTheirIndex() throws IOException {
    write("config.json", HO);
    write(
        "diffusion_pytorch_model.safetensors.index.json",
        "{\"weight_map\": {\"conv_in.weight\": \"../../secret\"}}");

    assertThatThrownBy(this::model)
        .isInstanceOf(DdpmException.class)
        .hasMessageEndingWith("weight_map has ../../secret, which is no name of a file beside it.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "_class_name | \"UNet2DConditionModel\" | _class_name = \"UNet2DConditionModel\": only"
            + " UNet2DModel is known here.",
        "time_embedding_type | \"fourier\" | time_embedding_type = \"fourier\": only positional is",
        "downsample_type | \"resnet\" | downsample_type = \"resnet\": only conv is known here.",
        "upsample_type | \"resnet\" | upsample_type = \"resnet\": only conv is known here.",
        "mid_block_type | \"UNetMidBlock2DCrossAttn\" | mid_block_type = ",
        "class_embed_type | \"timestep\" | class_embed_type = \"timestep\": only null is known",
        "attn_norm_num_groups | 4 | attn_norm_num_groups = 4: must be null or norm_num_groups = 8.",
        "sample_size | [16, 8, 32] | sample_size = [16,8,32]: must be a height and a width, or",
        "act_fn | \"gelu\" | act_fn = \"gelu\": only silu or swish is known here.",
        "out_channels | 6 | out_channels = 6: must be in_channels = 3.",
        "down_block_types | [\"DownBlock2D\", \"SkipDownBlock2D\", \"DownBlock2D\"] |"
            + " down_block_types has SkipDownBlock2D: only DownBlock2D and AttnDownBlock2D are",
        "up_block_types | [\"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"] | up_block_types attend on"
            + " other levels than down_block_types",
        "attention_head_dim | 0 | attention_head_dim = 0: must be null or at least 1.",
        "norm_eps | 1e-50 | norm_eps = 1.0E-50: must be above 0 as a float of 32 bits.",
        "down_block_types | \"DownBlock2D\" | down_block_types = \"DownBlock2D\": must be a list",
        "sample_size | null | does not tell the size of the images; set --height and --width.",
        "sample_size | \"large\" | sample_size = \"large\": must be a list of whole numbers.",
        "layers_per_block | 2.5 | layers_per_block = 2.5: must be a whole number.",
        "norm_num_groups | 7 | config.json: norm_num_groups = 7: must divide the 16 channels of"
            + " level 0.",
        "freq_shift | 8 | config.json: freq_shift = 8: must be at least 0 and below the 8"
            + " frequencies, half of the first of block_out_channels.",
        "block_out_channels | [16, 32] | config.json: down_block_types has 3 flags, but"
            + " block_out_channels = [16, 32] has 2 levels: one flag per level is needed.",
        "attention_head_dim | 5 | config.json: attention_head_dim = 5: must divide the 32 channels",
        "mid_block_scale_factor | 0 | config.json: mid_block_scale_factor = 0.0: must be above 0",
        "layers_per_block | 0 | config.json: layers_per_block = 0: must be at least 1",
        "warp_drive | 9 | warp_drive = 9: there is no such option that is known here."
      })
  void whatIsNotKnownIsRefusedByItsName(String option, String value, String message)
      throws IOException {
    ObjectNode options = (ObjectNode) JSON.readTree(HO);
    options.set(option, JSON.readTree(value));
    pipeline(options.toString(), SCHEDULER);
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertThatThrownBy(() -> description(model()))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "beta_schedule | \"laplace\" | beta_schedule = \"laplace\": only linear or scaled_linear"
            + " or",
        "trained_betas | [0.1, 0.2] | trained_betas has 2 values: must have num_train_timesteps ="
            + " 1000.",
        "trained_betas | \"none\" | trained_betas = \"none\": must be a list of numbers.",
        "prediction_type | \"flow\" | prediction_type = \"flow\": only epsilon or sample or",
        "variance_type | \"learned_range\" | variance_type = \"learned_range\": only fixed_small",
        "rescale_betas_zero_snr | true | rescale_betas_zero_snr = true: is for prediction_type ="
            + " v_prediction or sample: the last timestep is noise alone",
        "rescale_betas_zero_snr | 1 | rescale_betas_zero_snr = 1: must be true or false",
        "_class_name | \"LMSDiscreteScheduler\" | _class_name = LMSDiscreteScheduler: only DDPM",
        "num_train_timesteps | 0 | scheduler_config.json: num_train_timesteps = 0: must be from 1"
            + " to 100000.",
        "beta_end | 2 | scheduler_config.json: beta_end = 2.0: must be at least beta_start ="
            + " 1.0E-4 and below 1.",
        "beta_start | 0 | scheduler_config.json: beta_start = 0.0: must be above 0 and below 1.",
        "steps_offset | -5 | steps_offset = -5: must be a whole number from 0 to 100000.",
        "clip_sample_range | 0 | clip_sample_range = 0: must be a number above 0 and at most",
        "predict_epsilon | false | predict_epsilon = false: only true is known here.",
        "snr_shift_scale | 3 | snr_shift_scale = 3: there is no such option that is known here.",
        "use_karras_sigmas | true | use_karras_sigmas = true: only false is known here.",
        "foo | 1 | scheduler_config.json: foo = 1: there is no such option that is known here."
      })
  void whatIsNotKnownOfASchedulerIsRefusedByItsName(String option, String value, String message)
      throws IOException {
    ObjectNode options = (ObjectNode) JSON.readTree(SCHEDULER);
    options.set(option, JSON.readTree(value));
    pipeline(HO, options.toString());
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertRefusedAs(DdpmException.Category.DATA, model(), message);
  }

  private static void assertRefusedAs(
      DdpmException.Category category, ForeignModel model, String message) {
    assertThatThrownBy(() -> description(model))
        .isInstanceOfSatisfying(
            DdpmException.class, refused -> assertThat(refused.category()).isEqualTo(category))
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "UniPCMultistep | disable_corrector | [0,1] | disable_corrector = [0,1]: only [] is known",
        "UniPCMultistep | predict_x0 | false | predict_x0 = false: only true is known here.",
        "UniPCMultistep | solver_type | \"bh1\" | solver_type = \"bh1\": only bh2 is known here.",
        "DPMSolverMultistep | use_lu_lambdas | true | use_lu_lambdas = true: only false is known",
        "DPMSolverMultistep | euler_at_final | true | euler_at_final = true: only false is known",
        "DPMSolverMultistep | use_flow_sigmas | true | use_flow_sigmas = true: only false is known",
        "DPMSolverMultistep | solver_order | 3 | solver_order = 3: only 2 is known here.",
        "DPMSolverMultistep | lambda_min_clipped | -5.1 | lambda_min_clipped = -5.1: only",
        "DPMSolverMultistep | thresholding | \"on\" | thresholding = \"on\": must be true or false",
        "EulerDiscrete | interpolation_type | \"log_linear\" | interpolation_type ="
            + " \"log_linear\":",
        "EulerDiscrete | timestep_type | \"continuous\" | timestep_type = \"continuous\": only",
        "EulerDiscrete | sigma_min | 0.1 | sigma_min = 0.1: only null is known here.",
        "EulerDiscrete | final_sigmas_type | \"sigma_min\" | final_sigmas_type = \"sigma_min\":"
            + " only",
        "EulerDiscrete | thresholding | true | thresholding = true: only false is known here.",
        "HeunDiscrete | use_beta_sigmas | true | use_beta_sigmas = true: only false is known here.",
        "HeunDiscrete | foo | {} | foo = {}: there is no such option that is known here.",
        "DDIM | set_alpha_to_one | \"no\" | set_alpha_to_one = \"no\": must be true or false.",
        "PNDM | prediction_type | \"v_prediction\" | prediction_type = v_prediction: with"
            + " _class_name = PNDMScheduler only epsilon is known here.",
        "PNDM | thresholding | true | thresholding = true: only false is known here."
      })
  void whatIsNotKnownOfAClassOfSchedulersIsRefusedByItsName(
      String kind, String option, String value, String message) throws IOException {
    pipeline(HO, "{\"_class_name\": \"%sScheduler\", \"%s\": %s}".formatted(kind, option, value));
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertRefusedAs(DdpmException.Category.DATA, model(), message);
  }

  /** As the library writes them, with options of the schedulers that they were made of. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "DPMSolverMultistep | \"algorithm_type\": \"dpmsolver++\", \"clip_sample\": true,"
            + " \"dynamic_thresholding_ratio\": 0.995, \"euler_at_final\": false,"
            + " \"flow_shift\": 1.0, \"lambda_min_clipped\": -Infinity, \"solver_order\": 2,"
            + " \"lower_order_final\": true, \"rescale_betas_zero_snr\": false,"
            + " \"sample_max_value\": 1.0, \"solver_type\": \"midpoint\","
            + " \"use_flow_sigmas\": false, \"use_lu_lambdas\": false, \"variance_type\": null",
        "UniPCMultistep | \"disable_corrector\": [], \"predict_x0\": true, \"solver_p\": null,"
            + " \"solver_type\": \"bh2\", \"variance_type\": \"fixed_large\","
            + " \"flow_shift\": 1, \"time_shift_type\": \"exponential\"",
        "EulerDiscrete | \"interpolation_type\": \"linear\", \"timestep_type\": \"discrete\","
            + " \"sigma_min\": null, \"final_sigmas_type\": \"zero\", \"clip_sample\": true",
        "DDPM | \"tensor_format\": \"pt\", \"beta_schedule\": \"squaredcos_cap_v2\","
            + " \"beta_end\": 0.02, \"predict_epsilon\": true, \"use_karras_sigmas\": false"
      })
  void whatChangesNothingIsTaken(String kind, String options) throws IOException {
    pipeline(HO, "{\"_class_name\": \"%sScheduler\", %s}".formatted(kind, options));
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertThat(description(model()).sampling()).containsKey("sampling.sampler");
  }

  @Test
  void theMiddleNormalisesUnlessTheOptionsLeaveItOpen() throws IOException {
    pipeline(HO, SCHEDULER);
    NamedTensors without = new NamedTensors();
    for (TensorHeader header : golden().headers()) {
      if (!header.name().startsWith("mid_block.attentions.0.group_norm.")) {
        without.add(header, golden().values(header.name()));
      }
    }
    safetensors("unet/diffusion_pytorch_model.safetensors", without);

    assertThatThrownBy(() -> GoldenFolder.imported(model(), folder.resolve("model")))
        .hasMessageContaining(
            "2 tensors of the network are missing, such as mid_block.attentions.0.group_norm.bias");

    ObjectNode options = (ObjectNode) JSON.readTree(HO);
    options.put("resnet_time_scale_shift", "scale_shift");
    write("unet/config.json", options.toString());
    assertThat(middle(description(model())).normalises()).isTrue();
    assertThat(middle(model().description(List.of())).normalises()).isFalse();
    options.put("attn_norm_num_groups", 8);
    write("unet/config.json", options.toString());
    assertThat(middle(model().description(List.of())).normalises()).isTrue();
  }

  @Test
  void whatAFileLacksHasTheLibrarysDefault() throws IOException {
    pipeline("{\"sample_size\": 64}", "{}");
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertThat(description(model()).architecture())
        .isEqualTo(
            new Unet2d(
                3,
                64,
                64,
                List.of(224, 448, 672, 896),
                List.of(false, true, true, true),
                2,
                32,
                1e-5,
                8,
                Unet2d.Middle.PLAIN,
                new TimeEncoding(0, true),
                1,
                false,
                0,
                0,
                false));
  }

  private static Unet2d.Middle middle(ModelDescription model) {
    return ((Unet2d) model.architecture()).middle();
  }

  @Test
  void whatAFileHasIsTheFilesFaultAndASizeThatIsSetTheUsers() throws IOException {
    pipeline(HO, SCHEDULER);
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());
    assertRefusedAs(
        DdpmException.Category.USER,
        new DiffusersModel(folder, Optional.of(7), Optional.empty()),
        "height = 7: must be a multiple of 4");
    for (String value : List.of("0", "-1", "7")) {
      write(
          "unet/config.json",
          HO.replace("\"norm_num_groups\": 8", "\"norm_num_groups\": " + value));
      for (Optional<Integer> height : List.of(Optional.<Integer>empty(), Optional.of(32))) {
        assertRefusedAs(
            DdpmException.Category.DATA,
            new DiffusersModel(folder, height, Optional.empty()),
            "config.json: norm_num_groups = " + value);
      }
    }
    write("unet/config.json", HO.replace("\"sample_size\": 16", "\"sample_size\": 15"));
    assertRefusedAs(
        DdpmException.Category.DATA, model(), "config.json: sample_size = 15: must be a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{} | sampler=ddpm spacing=leading steps-offset=0 thresholding=clip clip-range=1.0"
            + " variance=fixed-small",
        "{\"clip_sample\": false, \"variance_type\": \"fixed_small_log\"} | sampler=ddpm"
            + " spacing=leading steps-offset=0 thresholding=none variance=fixed-small",
        "{\"clip_predicted_image\": false} | sampler=ddpm spacing=leading steps-offset=0"
            + " thresholding=none variance=fixed-small",
        "{\"thresholding\": true, \"sample_max_value\": 1.5, \"steps_offset\": 1} | sampler=ddpm"
            + " spacing=leading steps-offset=1 thresholding=dynamic thresholding-bound=1.5"
            + " thresholding-quantile=0.995 variance=fixed-small",
        "{\"_class_name\": \"DDIMScheduler\", \"timestep_spacing\": \"trailing\","
            + " \"clip_sample_range\": 2.0} | sampler=ddim ddim-noise=predicted spacing=trailing"
            + " steps-offset=0 thresholding=clip clip-range=2.0 end=clean",
        "{\"_class_name\": \"DDIMScheduler\", \"set_alpha_to_one\": false, \"clip_sample\": false}"
            + " | sampler=ddim ddim-noise=predicted spacing=leading steps-offset=0"
            + " thresholding=none end=first-level",
        "{\"_class_name\": \"PNDMScheduler\", \"steps_offset\": 1, \"clip_sample\": true} |"
            + " sampler=pndm spacing=leading steps-offset=1 thresholding=none end=first-level",
        "{\"_class_name\": \"PNDMScheduler\", \"skip_prk_steps\": true, \"set_alpha_to_one\": true}"
            + " | sampler=plms spacing=leading steps-offset=0 thresholding=none end=clean",
        "{\"_class_name\": \"EulerDiscreteScheduler\", \"steps_offset\": 1, \"skip_prk_steps\":"
            + " true} | sampler=euler spacing=linspace steps-offset=0 thresholding=none"
            + " noise-levels=schedule",
        "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"use_karras_sigmas\": true} |"
            + " sampler=dpm-solver++ spacing=linspace steps-offset=0 thresholding=none"
            + " noise-levels=karras end=first-level",
        "{\"_class_name\": \"UniPCMultistepScheduler\", \"final_sigmas_type\": \"zero\"} |"
            + " sampler=unipc spacing=linspace steps-offset=0 thresholding=none"
            + " noise-levels=schedule end=clean",
        "{\"_class_name\": \"EulerDiscreteScheduler\"} | sampler=euler spacing=linspace"
            + " steps-offset=0 thresholding=none noise-levels=schedule",
        "{\"_class_name\": \"HeunDiscreteScheduler\"} | sampler=heun spacing=linspace"
            + " steps-offset=0 thresholding=none noise-levels=schedule"
      })
  void theSchedulerBecomesTheDefaultOfSamplingAndBack(String options, String settings)
      throws IOException {
    Map<String, String> expected = new HashMap<>();
    for (String setting : settings.split(" ", -1)) {
      int equals = setting.indexOf('=');
      expected.put("sampling." + setting.substring(0, equals), setting.substring(equals + 1));
    }
    pipeline(HO, options);
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());
    ModelDescription model = description(model());
    assertThat(model.sampling()).isEqualTo(expected);

    write(
        "scheduler/scheduler_config.json",
        JSON.writeValueAsString(DiffusersScheduler.write(model)));
    assertThat(description(model())).isEqualTo(model);
  }

  @Test
  void schedulesAndPredictionsSurviveBothWays() throws IOException {
    pipeline(HO, SCHEDULER);
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());
    ModelDescription read = description(model());
    for (ScheduleSpec schedule :
        List.of(
            new ScheduleSpec.Cosine(50),
            new ScheduleSpec.Linear(7, 0.1 / 3, 0.2),
            new ScheduleSpec.ScaledLinear(9, 0.1 / 3, 0.2),
            new ScheduleSpec.Sigmoid(9, 0.1 / 3, 0.2),
            new ScheduleSpec.Betas(List.of(0.1, 0.1 / 3)))) {
      for (Prediction prediction : Prediction.values()) {
        ModelDescription model =
            new ModelDescription(
                read.architecture(),
                read.classes(),
                schedule,
                prediction,
                read.preset(),
                read.dataRange(),
                read.sampling(),
                read.provenance());
        write(
            "scheduler/scheduler_config.json",
            JSON.writeValueAsString(DiffusersScheduler.write(model)));
        assertThat(description(model())).isEqualTo(model);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "DDPM, v_prediction",
    "DDIM, v_prediction",
    "DDIM, sample",
    "DPMSolverMultistep, v_prediction",
    "UniPCMultistep, sample",
    "EulerDiscrete, v_prediction"
  })
  void aScheduleThatEndsWithoutSignalSurvivesBothWays(String kind, String prediction)
      throws IOException {
    String scheduler =
        "{\"_class_name\": \"%sScheduler\", \"prediction_type\": \"%s\", \"beta_schedule\": \"%s\","
            + " \"trained_betas\": %s, \"num_train_timesteps\": 3,"
            + " \"rescale_betas_zero_snr\": %s}";
    for (String betas : List.of("null", "[0.1, 0.2, 0.3]")) {
      for (String schedule : List.of("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid")) {
        pipeline(HO, scheduler.formatted(kind, prediction, schedule, betas, false));
        safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());
        ModelDescription plain = description(model());
        pipeline(HO, scheduler.formatted(kind, prediction, schedule, betas, true));
        ModelDescription model = description(model());
        assertThat(model.schedule()).isEqualTo(new ScheduleSpec.ZeroTerminalSnr(plain.schedule()));
        assertThat(model.schedule().build().alphaBar(2)).isZero();

        Map<String, Object> options = DiffusersScheduler.write(model);
        assertThat(options).containsEntry("rescale_betas_zero_snr", true);
        assertThat(DiffusersScheduler.write(plain)).doesNotContainKey("rescale_betas_zero_snr");
        write("scheduler/scheduler_config.json", JSON.writeValueAsString(options));
        assertThat(description(model())).isEqualTo(model);
      }
    }
  }

  /** These classes have no such option: the library reads over it. */
  @Test
  void samplersThatKnowNoScheduleWithoutSignalAreRefused() throws IOException {
    pipeline(
        HO,
        "{\"_class_name\": \"HeunDiscreteScheduler\", \"prediction_type\": \"v_prediction\","
            + " \"rescale_betas_zero_snr\": true}");
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());
    assertRefusedAs(
        DdpmException.Category.DATA,
        model(),
        "rescale_betas_zero_snr = true: _class_name = HeunDiscreteScheduler does not know it");

    ModelDescription model =
        new ModelDescription(
                HO_NETWORK,
                new ScheduleSpec.ZeroTerminalSnr(ScheduleSpec.PAPER),
                Prediction.V,
                Preset.PAPER,
                DataRange.MINUS_ONE_TO_ONE,
                Map.of())
            .withSampling(Map.of("sampling.sampler", "heun"));
    assertThatThrownBy(() -> DiffusersScheduler.write(model))
        .isInstanceOf(DdpmException.class)
        .hasMessage(
            "--to diffusers: its HeunDiscreteScheduler knows no schedule that ends without signal,"
                + " as this model's does; use safetensors.");
  }

  /** β between the ends as the logistic function goes from −6 to 6. */
  @Test
  void sigmoidIsASchedule() throws IOException {
    pipeline(HO, "{\"beta_schedule\": \"sigmoid\", \"num_train_timesteps\": 3, \"beta_end\": 0.5}");
    safetensors("unet/diffusion_pytorch_model.safetensors", new NamedTensors());

    assertThat(description(model()).schedule()).isEqualTo(new ScheduleSpec.Sigmoid(3, 1e-4, 0.5));
  }

  @Test
  void everyOptionOfANetworkSurvivesBothWays() throws IOException {
    Unet2d odd =
        new Unet2d(
            1,
            16,
            24,
            List.of(8, 24, 16),
            List.of(true, false, true),
            3,
            4,
            1e-3,
            4,
            new Unet2d.Middle(true, true, 1.5),
            new TimeEncoding(0, true),
            1,
            true,
            0.25,
            7,
            true);
    for (Unet2d network : List.of(odd, HO_NETWORK)) {
      float[] weights = WeightInitializer.draw(ParameterLayout.of(network), 3);
      Path to = folder.resolve("exported" + network.classes());
      ModelDescription model =
          new ModelDescription(
              network,
              ScheduleSpec.PAPER,
              Prediction.EPSILON,
              Preset.PAPER,
              DataRange.MINUS_ONE_TO_ONE,
              Map.of("run", "of a training"));
      DiffusersExport form = new DiffusersExport();
      form.require(model);
      form.write(
          inside -> new LocalFileStore(to.resolve(inside)),
          model,
          new FlatTensors(ParameterLayout.of(network)).named(weights));

      ModelFolder again =
          GoldenFolder.imported(
              new DiffusersModel(to, Optional.empty(), Optional.empty()),
              folder.resolve("again" + network.classes()));

      assertThat(again.description().architecture()).isEqualTo(network);
      assertThat(flat(again)).isEqualTo(weights);
    }
  }

  @Test
  void whatDiffusersCannotHaveIsRefused() {
    ModelDescription labml =
        new ModelDescription(
            new LabmlUNet(1, 8, 8, 8, List.of(1), List.of(false), 1, 4, 1, 0),
            ScheduleSpec.PAPER,
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of());
    assertThatThrownBy(() -> new DiffusersExport().require(labml))
        .hasMessageStartingWith("--to diffusers: is for networks of the kind unet2d");
    assertThatThrownBy(() -> new LabmlExport().require(labml))
        .hasMessageContaining("this network has norm-groups = 4 and attention-heads = 1");
    ModelDescription velocity =
        new ModelDescription(
            new LabmlUNet(1, 8, 8, 32, List.of(1), List.of(false), 1, 32, 1, 0),
            ScheduleSpec.PAPER,
            Prediction.V,
            Preset.LABML,
            DataRange.ZERO_TO_ONE,
            Map.of());
    assertThatThrownBy(() -> new LabmlExport().require(velocity))
        .hasMessageContaining("this model predicts v of values from 0 to 1; use safetensors.");
    ModelDescription centred =
        new ModelDescription(
            velocity.architecture(),
            ScheduleSpec.PAPER,
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of());
    assertThatThrownBy(() -> new LabmlExport().require(centred))
        .hasMessageContaining("this model predicts ε of values from -1 to 1;");
    ModelDescription withoutNorm =
        new ModelDescription(
            new Unet2d(
                3,
                16,
                16,
                List.of(16),
                List.of(false),
                1,
                8,
                1e-6,
                0,
                new Unet2d.Middle(true, false, 1),
                TimeEncoding.SINES_FIRST,
                0,
                false,
                0,
                0,
                false),
            ScheduleSpec.PAPER,
            Prediction.EPSILON,
            Preset.PAPER,
            DataRange.MINUS_ONE_TO_ONE,
            Map.of());
    assertThatThrownBy(() -> new DiffusersExport().require(withoutNorm))
        .hasMessageContaining("this model has model.middle-normalises = false");
    ModelDescription zeroToOne =
        new ModelDescription(
            HO_NETWORK,
            ScheduleSpec.PAPER,
            Prediction.EPSILON,
            Preset.LABML,
            DataRange.ZERO_TO_ONE,
            Map.of());
    assertThatThrownBy(() -> new DiffusersExport().require(zeroToOne))
        .hasMessageContaining("this model has values from 0 to 1");
    assertThatThrownBy(() -> new LabmlExport().require(zeroToOne))
        .hasMessageStartingWith("--to labml: is for networks of the kind labml");
  }

  @Test
  void otherFoldersAreRefused() throws IOException {
    assertThatThrownBy(this::model).hasMessageContaining("is no folder of diffusers");
    write("config.json", HO);
    assertThatThrownBy(this::model).hasMessageContaining("has no weights");
    write("config.json", "[1]");
    assertThatThrownBy(this::model).hasMessageEndingWith("config.json is no JSON object.");
    write("config.json", "{\"a\": 1");
    assertThatThrownBy(this::model).hasMessageEndingWith("config.json is not valid JSON.");
  }

  @Test
  void damagedOptionsAreRefusedInOneLine() throws Exception {
    safetensors("diffusion_pytorch_model.safetensors", new NamedTensors());
    new Fuzz(
            HO.getBytes(StandardCharsets.UTF_8),
            bytes -> {
              Files.write(folder.resolve("config.json"), bytes);
              return description(model());
            })
        .withoutChecksum()
        .refusedAs(DdpmException.Category.USER)
        .run();
    Files.writeString(folder.resolve("config.json"), HO);
    new Fuzz(
            SCHEDULER.getBytes(StandardCharsets.UTF_8),
            bytes -> {
              Files.write(folder.resolve("scheduler_config.json"), bytes);
              return description(model());
            })
        .withoutChecksum()
        .run();
  }
}
