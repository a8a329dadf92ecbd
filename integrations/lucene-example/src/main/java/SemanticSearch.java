import dev.gatun.TextEmbedder;
import org.apache.lucene.document.*;
import org.apache.lucene.index.*;
import org.apache.lucene.search.*;
import org.apache.lucene.store.*;

void main(String[] args) throws IOException {
  try (var embedder = TextEmbedder.load(args[1]);
      var directory = FSDirectory.open(Path.of(args[2]))) {
    switch (args[0]) {
      case "index" -> index(Path.of(args[3]), embedder, directory);
      case "find" -> find(args[3], embedder, directory);
      default -> throw new IllegalArgumentException("index or find, not " + args[0]);
    }
  }
}

/** Keeps each paragraph of the folder's text files beside its vector. */
void index(Path folder, TextEmbedder embedder, Directory directory) throws IOException {
  var anew = new IndexWriterConfig().setOpenMode(IndexWriterConfig.OpenMode.CREATE);
  try (var writer = new IndexWriter(directory, anew);
      var files = Files.newDirectoryStream(folder, "*.txt")) {
    for (Path file : files) {
      List<String> paragraphs = List.of(Files.readString(file).strip().split("\\n\\s*\\n"));
      float[][] vectors = embedder.embedDocuments(paragraphs);
      for (int i = 0; i < vectors.length; i++) {
        var document = new Document();
        document.add(
            new KnnFloatVectorField("vector", vectors[i], VectorSimilarityFunction.COSINE));
        document.add(new StoredField("text", file.getFileName() + ": " + paragraphs.get(i)));
        writer.addDocument(document);
      }
    }
  }
}

void find(String query, TextEmbedder embedder, Directory directory) throws IOException {
  try (var reader = DirectoryReader.open(directory)) {
    var searcher = new IndexSearcher(reader);
    var nearest = new KnnFloatVectorQuery("vector", embedder.embedQuery(query), 3);
    for (var hit : searcher.search(nearest, 3).scoreDocs) {
      IO.println(searcher.storedFields().document(hit.doc).get("text"));
    }
  }
}
