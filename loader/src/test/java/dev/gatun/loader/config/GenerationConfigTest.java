package dev.gatun.loader.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.loader.config.GenerationConfig.EarlyStopping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerationConfigTest {
  @TempDir Path directory;

  @Test
  void absentAndNullAreTheLibrarysDefaults() throws IOException {
    GenerationConfig absent = load("{}");
    assertEquals(OptionalInt.empty(), absent.maxLength());
    assertEquals(50, absent.topK());
    assertEquals(1.0, absent.topP());
    assertEquals(1, absent.numBeams());
    assertEquals(EarlyStopping.HEURISTIC, absent.earlyStopping());
    assertFalse(absent.doSample());
    assertEquals(List.of(), absent.eosTokenIds());
    GenerationConfig nulls =
        load(
            """
            {"max_length": null, "top_k": null, "top_p": null, "num_beams": null, "early_stopping": null, "do_sample": null,
             "eos_token_id": null, "pad_token_id": null, "bad_words_ids": null, "temperature": null}
            """);
    assertEquals(absent, nulls);
  }

  @Test
  void readsEveryKey() throws IOException {
    GenerationConfig config =
        load(
            """
            {"_from_model_config": true, "transformers_version": "4.27.0",
             "max_length": 200, "max_new_tokens": 7, "min_length": 30, "min_new_tokens": 2, "do_sample": true,
             "num_beams": 4, "num_return_sequences": 2, "early_stopping": "never", "temperature": 0.7, "top_k": 0,
             "top_p": 0.9, "min_p": 0.05, "typical_p": 0.95, "epsilon_cutoff": 0.0003, "eta_cutoff": 0.0002,
             "repetition_penalty": 1.2, "encoder_repetition_penalty": 1.1, "length_penalty": 2, "no_repeat_ngram_size": 3,
             "encoder_no_repeat_ngram_size": 5, "bad_words_ids": [[1], [2, 3]], "suppress_tokens": [4],
             "begin_suppress_tokens": [220, 50257], "renormalize_logits": true, "bos_token_id": 0, "eos_token_id": [1, 2],
             "pad_token_id": 3, "decoder_start_token_id": 4, "forced_bos_token_id": 5, "forced_eos_token_id": 6,
             "guidance_scale": 1.5}
            """);
    assertEquals(
        new GenerationConfig(
            OptionalInt.of(200),
            OptionalInt.of(7),
            30,
            OptionalInt.of(2),
            true,
            4,
            2,
            EarlyStopping.NEVER,
            0.7,
            0,
            0.9,
            OptionalDouble.of(0.05),
            0.95,
            0.0003,
            0.0002,
            1.2,
            1.1,
            2,
            3,
            5,
            List.of(List.of(1), List.of(2, 3)),
            List.of(4),
            List.of(220, 50257),
            true,
            OptionalInt.of(0),
            List.of(1, 2),
            OptionalInt.of(3),
            OptionalInt.of(4),
            OptionalInt.of(5),
            List.of(6),
            new UnreadKeys(
                List.of("_from_model_config", "transformers_version"), List.of("guidance_scale"))),
        config);
  }

  @Test
  void fallsBackToTheModelsConfiguration() throws IOException {
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"model_type": "t5", "d_model": 512, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0,
         "num_beams": 4, "task_specific_params": {"summarization": {"max_length": 200}}}
        """);
    GenerationConfig config = GenerationConfig.load(directory);
    assertEquals(OptionalInt.of(0), config.decoderStartTokenId());
    assertEquals(List.of(1), config.eosTokenIds());
    assertEquals(4, config.numBeams());
    assertEquals(OptionalInt.empty(), config.maxLength());
    assertEquals(new UnreadKeys(List.of(), List.of()), config.unreadKeys());
    // With a file of its own the model's configuration no longer counts.
    assertEquals(1, load("{}").numBeams());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "max_length; -1",
        "max_length; 1.5",
        "num_beams; 0",
        "top_p; 1.5",
        "temperature; \"hot\"",
        "early_stopping; \"soon\"",
        "eos_token_id; [1, \"2\"]",
        "eos_token_id; 4294967296",
        "bad_words_ids; [1]",
        "bad_words_ids; [[]]",
        "bad_words_ids; {}",
        "repetition_penalty; 0",
        "do_sample; 1",
      })
  void refusesMalformedValues(String key, String value) {
    ConfigException e =
        assertThrows(ConfigException.class, () -> load("{\"" + key + "\": " + value + "}"));
    assertEquals(key, e.key());
  }

  @Test
  void refusesADirectoryWithoutAny() {
    ConfigException e = assertThrows(ConfigException.class, () -> GenerationConfig.load(directory));
    assertTrue(e.getMessage().contains("config.json"), e::getMessage);
  }

  private GenerationConfig load(String json) throws IOException {
    Files.writeString(directory.resolve("generation_config.json"), json);
    return GenerationConfig.load(directory);
  }
}
