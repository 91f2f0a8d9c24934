// Prints samples of an exported model of text, with onnxruntime alone: the vocabulary is in the model's metadata.
//
//     sample MODEL.onnx [COUNT [SEED [TEMPERATURE [TOP_P]]]] [--given TEXT] [--tokens]

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include "philox.hpp"

namespace {

// The command or the file is the wrong one: exit code 2.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    std::string model;
    std::int64_t count = 10;
    std::uint64_t seed = 0;
    float temperature = 1;
    float top_p = 1;
    std::string given;
    bool tokens = false;
};

// A word that is a number from its first character to its last; std::stoull takes "-1" and "10x" for numbers, too.
template <typename Integer>
Integer whole(const std::string& word) {
    Integer number{};
    const char* const end = word.data() + word.size();
    const auto [stopped, fault] = std::from_chars(word.data(), end, number);
    if (fault != std::errc{} || stopped != end) throw std::invalid_argument(word);
    return number;
}

float real(const std::string& word) {  // not every compiler's std::from_chars reads these
    std::size_t stopped = 0;
    const float number = std::stof(word, &stopped);
    if (stopped != word.size()) throw std::invalid_argument(word);
    return number;
}

Options parse(int argc, char** argv) try {
    Options options;
    int place = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--tokens") {
            options.tokens = true;
            continue;
        }
        if (word == "--given" && i + 1 < argc) {
            options.given = argv[++i];
            continue;
        }
        switch (place++) {
            case 0: options.model = word; break;
            case 1: options.count = whole<std::int64_t>(word); break;
            case 2: options.seed = whole<std::uint64_t>(word); break;
            case 3: options.temperature = real(word); break;
            case 4: options.top_p = real(word); break;
            default: throw std::invalid_argument("too many words");
        }
    }
    if (options.model.empty() || options.count < 1 || !(options.temperature >= 0)) {
        throw std::invalid_argument("no model, or a number that is out of range");
    }
    if (!(options.top_p > 0 && options.top_p <= 1)) throw std::invalid_argument("top_p");
    return options;
} catch (const std::logic_error&) {  // of std::stof, too
    throw Refused("usage: sample MODEL.onnx [COUNT [SEED [TEMPERATURE [TOP_P]]]] [--given TEXT] [--tokens]");
}

// The flat copies of the manifest's main keys.
class Metadata {
public:
    explicit Metadata(const Ort::Session& session) : metadata_(session.GetModelMetadata()) {}

    std::string text(const std::string& key, const std::string& otherwise = "") const {
        const auto found = metadata_.LookupCustomMetadataMapAllocated(("rgan_kit." + key).c_str(), allocator_);
        return found ? found.get() : otherwise;
    }
    std::int64_t number(const std::string& key) const { return std::stoll(text(key)); }
    std::vector<std::string> list(const std::string& key) const;

private:
    Ort::ModelMetadata metadata_;
    mutable Ort::AllocatorWithDefaultOptions allocator_;
};

// An item a line, in which \n, \r and \\ stand for what would break the line.
std::vector<std::string> Metadata::list(const std::string& key) const {
    const std::string lines = text(key);
    std::vector<std::string> items;
    if (lines.empty()) return items;
    items.emplace_back();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i] == '\n') {
            items.emplace_back();
        } else if (lines[i] == '\\' && i + 1 < lines.size()) {
            const char next = lines[++i];
            items.back() += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
        } else {
            items.back() += lines[i];
        }
    }
    return items;
}

// The symbols of a text, where they are characters, or words with spaces between.
std::vector<std::string> cut(const std::string& text, bool words) {
    std::vector<std::string> symbols;
    if (words) {
        std::istringstream stream(text);
        for (std::string word; stream >> word;) symbols.push_back(word);
        return symbols;
    }
    for (const char byte : text) {  // the first byte of a character in UTF-8 is none of 10xxxxxx
        if (symbols.empty() || (static_cast<unsigned char>(byte) & 0xC0) != 0x80) symbols.emplace_back();
        symbols.back() += byte;
    }
    return symbols;
}

// The tokens of a beginning.
std::vector<std::int64_t> tokens_of(const std::string& text, const Metadata& metadata) {
    const auto vocabulary = metadata.list("vocabulary");
    const bool words = metadata.text("vocabulary_joiner", "") == " ";
    constexpr std::size_t special = 4;  // of a model of text: its first symbols stand for no text
    for (std::size_t token = special; !words && !text.empty() && token < vocabulary.size(); ++token) {
        if (cut(vocabulary[token], false).size() > 1) throw Refused("this program begins with characters or words alone.");
    }
    std::vector<std::int64_t> tokens;
    for (const auto& symbol : cut(text, words)) {
        const auto found = std::find(vocabulary.begin(), vocabulary.end(), symbol);
        if (found == vocabulary.end()) throw Refused("the model does not know '" + symbol + "'.");
        tokens.push_back(found - vocabulary.begin());
    }
    return tokens;
}

// The inputs of a model of tokens, in memory that outlives the tensors.
class Inputs {
public:
    Inputs(const Options& options, const Metadata& metadata, const Ort::Session& session)
        : temperature_(options.temperature), top_p_(options.top_p) {
        const auto begun = tokens_of(options.given, metadata);
        const auto latent = metadata.number("latent_size");
        const auto time = metadata.number("max_length") + static_cast<std::int64_t>(begun.size());
        const auto labels = metadata.list("labels").size();
        for (std::int64_t sample = 0; sample < options.count; ++sample) {
            for (const auto word : philox::words(options.seed, sample, time, philox::noise)) {
                noise_.push_back(philox::uniform(word));
            }
            const auto own = philox::normal(options.seed, sample, latent, philox::latent);
            latent_.insert(latent_.end(), own.begin(), own.end());
            const auto drawn = philox::words(options.seed, sample, 1, philox::labels)[0];
            labels_.push_back(static_cast<std::int64_t>((std::uint64_t{drawn} * labels) >> 32));
        }
        add("noise", noise_, {options.count, time});
        add("temperature", &temperature_);
        if (latent > 0) add("latent", latent_, {options.count, latent});
        if (labels > 0) add("labels", labels_, {options.count});
        choose(options, begun, time, inputs_of(session));
    }

    std::vector<const char*> names;
    std::vector<Ort::Value> values;

private:
    static std::set<std::string> inputs_of(const Ort::Session& session) {
        std::set<std::string> found;
        Ort::AllocatorWithDefaultOptions allocator;
        for (std::size_t i = 0; i < session.GetInputCount(); ++i) {
            found.insert(session.GetInputNameAllocated(i, allocator).get());
        }
        return found;
    }

    // What files of version 2 can be told besides; where nothing is asked for, it changes nothing.
    void choose(const Options& options, const std::vector<std::int64_t>& begun, std::int64_t time,
                const std::set<std::string>& wanted) {
        const auto has = [&](const char* name) { return wanted.count(name) > 0; };
        if (!has("top_p") && (options.top_p < 1 || !(options.temperature > 0))) {
            throw Refused("the model takes no top_p and no temperature of 0: it was exported by an earlier version.");
        }
        if (!has("given") && !begun.empty()) throw Refused("the model takes no beginning: it is of an earlier version.");
        if (has("given")) {
            given_.assign(static_cast<std::size_t>(options.count * time), 0);
            known_.assign(given_.size(), 0);
            for (std::int64_t sample = 0; sample < options.count; ++sample) {
                std::copy(begun.begin(), begun.end(), given_.begin() + sample * time);
                std::fill_n(known_.begin() + sample * time, begun.size(), 1);
            }
            add("given", given_, {options.count, time});
            names.push_back("known");
            const std::int64_t shape[] = {options.count, time};
            values.push_back(Ort::Value::CreateTensor(
                memory_, known_.data(), known_.size(), shape, 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL));
        }
        if (has("top_p")) add("top_p", &top_p_);
        if (has("top_k")) add("top_k", &nothing_);
        if (has("min_length")) add("min_length", &nothing_);
    }

    template <typename T>
    void add(const char* name, T* number) {
        names.push_back(name);
        values.push_back(Ort::Value::CreateTensor(memory_, number, 1, nullptr, 0));
    }

    template <typename T>
    void add(const char* name, std::vector<T>& numbers, const std::vector<std::int64_t>& shape) {
        names.push_back(name);
        values.push_back(
            Ort::Value::CreateTensor(memory_, numbers.data(), numbers.size(), shape.data(), shape.size()));
    }

    Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    std::vector<float> noise_, latent_;
    std::vector<std::int64_t> labels_, given_;
    std::vector<char> known_;
    std::int64_t nothing_ = 0;
    float temperature_, top_p_;
};

void print(const Options& options, const Metadata& metadata, const std::vector<Ort::Value>& outputs) {
    const auto vocabulary = metadata.list("vocabulary");
    const auto joiner = metadata.text("vocabulary_joiner", " ");  // music has none
    const auto* tokens = outputs[0].GetTensorData<std::int64_t>();
    const auto* lengths = outputs[1].GetTensorData<std::int64_t>();
    const auto time = outputs[0].GetTensorTypeAndShapeInfo().GetShape().at(1);
    for (std::int64_t sample = 0; sample < options.count; ++sample) {
        std::string line;
        for (std::int64_t step = 0; step < lengths[sample]; ++step) {
            const auto token = tokens[sample * time + step];
            if (step > 0) line += options.tokens ? " " : joiner;
            line += options.tokens ? std::to_string(token) : vocabulary.at(static_cast<std::size_t>(token));
        }
        std::cout << line << '\n';
    }
}

Ort::Session open(const Ort::Env& environment, const Options& options) try {
    Ort::SessionOptions settings;
    settings.SetIntraOpNumThreads(1);  // one is the fastest for small recurrent networks
#ifdef _WIN32
    const std::wstring path(options.model.begin(), options.model.end());
#else
    const std::string& path = options.model;
#endif
    return Ort::Session(environment, path.c_str(), settings);
} catch (const Ort::Exception& error) {
    throw Refused(options.model + ": onnxruntime does not open it: " + error.what());
}

// Whether a file makes samples that can be printed.
void check(const std::string& file, const Metadata& metadata) {
    const auto contract = metadata.text("contract"), kind = metadata.text("kind");
    const auto role = metadata.text("role", "generator");
    if (contract.empty()) throw Refused(file + ": not made by rgan-kit, since it has no manifest.");
    if (contract != "1" && contract != "2") {
        throw Refused(file + ": follows version " + contract + " of the model contract; this program knows 1 and 2.");
    }
    if (role != "generator") {
        throw Refused(file + ": holds the " + role + " of a model, which makes no samples. Name the model beside it.");
    }
    if (kind != "tokens") throw Refused(file + ": makes " + kind + ", and this program prints tokens alone.");
}

void run(const Options& options) {
    const Ort::Env environment(ORT_LOGGING_LEVEL_FATAL);
    Ort::Session session = open(environment, options);
    const Metadata metadata(session);
    check(options.model, metadata);
    const Inputs inputs(options, metadata, session);
    const char* wanted[] = {"tokens", "lengths"};
    const auto outputs = session.Run(
        Ort::RunOptions{nullptr}, inputs.names.data(), inputs.values.data(), inputs.values.size(), wanted, 2);
    print(options, metadata, outputs);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(parse(argc, argv));
    } catch (const Refused& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return 1;
    }
}
